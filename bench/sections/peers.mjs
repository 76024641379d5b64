import { existsSync } from 'node:fs';
import { decodeBytes } from '../model-cost.mjs';
import { runChild } from '../run-child.mjs';
import { GPT2_124M } from '../shapes.mjs';
import { BYTES } from './speed.mjs';

const FOLDER = new URL('../peers/', import.meta.url);
/** Tokens of the prompt before those that are timed. */
const PROMPT_TOKENS = 16;
/** Multiples of node-llama-cpp that weights of as many bits should reach. */
const DECODE_TARGETS = { int8: 1.5, int4: 1.8 };
const PREFILL_TARGETS = { int8: 0.9, int4: 0.8 };

const PEERS = [
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', isWhole: true, type: 'F16', kin: 'bfloat16' },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', isWhole: true, type: 'F32', kin: 'float32' },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', isWhole: true, type: 'Q8_0', kin: 'int8', hasTargets: true },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', isWhole: true, type: 'Q4_0', kin: 'int4', hasTargets: true },
  { script: 'onnxruntime.mjs', module: 'onnxruntime-node', type: 'F32', kin: 'float32' },
  { script: 'onnxruntime.mjs', module: 'onnxruntime-node', type: 'INT8', kin: 'int8' },
  { script: 'onnxruntime.mjs', module: 'onnxruntime-node', type: 'INT4', kin: 'int4' },
];

/** Other engines on the same machine and the same random model, with weights of as many bits as those of the run. */
export const peers = {
  name: 'peers',
  isOnce: true,
  async sample({ threads, dtypes, tokens, prefillRounds: rounds }, samples) {
    const installed = PEERS.filter(({ module }) => existsSync(new URL(`node_modules/${module}`, FOLDER)));
    Object.assign(samples, { isInstalled: installed.length > 0, results: [] });
    for (const { script, module: _, type, ...peer } of installed.filter(({ kin }) => dtypes.includes(kin))) {
      const result = await runChild(new URL(script, FOLDER), JSON.stringify({ type, threads, tokens, rounds }));
      samples.results.push({ ...result, ...peer });
    }
  },
  report({ machine, tokens, results: own }, { isInstalled, results }) {
    if (!isInstalled) {
      return [{ work: 'other engines', value: 'not installed', note: 'npm ci --prefix bench/peers --ignore-scripts' }];
    }
    return results.flatMap((result) => [
      {
        work: `${result.name}, ${result.weights}: decode`,
        ...result,
        ...(result.isWhole ? readShare(result, machine, PROMPT_TOKENS + tokens / 2) : {}),
        value: `${result.decodeTokensPerSecond.toFixed(1)} tokens/s`,
        note: `version ${result.version}`,
      },
      ...(result.batches ?? []).map(({ count, tokensPerSecond }) => ({
        work: `${result.name}, ${result.weights}: ${count} rows at once`,
        ...{ count, tokensPerSecond },
        value: `${tokensPerSecond.toFixed(1)} tokens/s`,
        note: `${(tokensPerSecond / result.decodeTokensPerSecond).toFixed(2)} × one`,
      })),
      {
        work: `${result.name}, ${result.weights}: prefill 512`,
        value: `${result.prefill512TokensPerSecond.toFixed(0)} tokens/s`,
      },
      ...ratioRows(result, own),
    ]);
  },
};

/** Of the read bandwidth, for the bytes that weights of as many bits take here. */
function readShare({ kin, decodeTokensPerSecond }, machine, meanContext) {
  const bytes = decodeBytes(GPT2_124M, BYTES[kin], meanContext);
  return { share: (bytes * decodeTokensPerSecond) / machine.readBytesPerSecond, shareOf: 'read bandwidth' };
}

/** What this library reaches in multiples of a peer with weights of as many bits, where both were measured. */
function ratioRows({ kin, hasTargets, name, weights, ...theirs }, { decode, prefill }) {
  const works = [
    [decode, `decode, batch 1, ${kin}`, theirs.decodeTokensPerSecond, DECODE_TARGETS[kin]],
    [prefill, `prefill 512, ${kin}`, theirs.prefill512TokensPerSecond, PREFILL_TARGETS[kin]],
  ];
  return works.flatMap(([rows, work, tokensPerSecond, wanted]) => {
    const ours = rows?.find((row) => row.work === work)?.tokensPerSecond;
    if (ours === undefined) return [];
    const ratio = ours / tokensPerSecond;
    const row = { work: `  ${work} beside ${name}, ${weights}`, ratio, value: `${ratio.toFixed(2)} ×` };
    return [hasTargets ? { ...row, goal: `≥ ${wanted} ×`, isMet: ratio >= wanted } : row];
  });
}
