import { existsSync } from 'node:fs';
import { runChild } from '../run-child.mjs';

const FOLDER = new URL('../peers/', import.meta.url);
/** Multiples of node-llama-cpp that weights of as many bits should reach. */
const DECODE_TARGETS = { int8: 1.5, int4: 1.8 };
const PREFILL_TARGETS = { int8: 0.9, int4: 0.8 };

const PEERS = [
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', parameters: { type: 'F16' } },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', parameters: { type: 'F32' } },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', parameters: { type: 'Q8_0' }, kin: 'int8' },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', parameters: { type: 'Q4_0' }, kin: 'int4' },
  { script: 'onnxruntime.mjs', module: 'onnxruntime-node', parameters: {} },
];

/** Other engines on the same machine and the same random model. */
export const peers = {
  name: 'peers',
  isOnce: true,
  async sample({ threads }, samples) {
    samples.results = [];
    for (const { script, module, parameters, kin } of PEERS) {
      if (!existsSync(new URL(`node_modules/${module}`, FOLDER))) continue;
      const result = await runChild(new URL(script, FOLDER), JSON.stringify({ ...parameters, threads }));
      samples.results.push({ ...result, kin });
    }
  },
  report({ results: own }, { results }) {
    if (results.length === 0) {
      return [{ work: 'other engines', value: 'not installed', note: 'npm ci --prefix bench/peers --ignore-scripts' }];
    }
    return results.flatMap((result) => [
      {
        work: `${result.name}, ${result.weights}: decode`,
        ...result,
        value: `${result.decodeTokensPerSecond.toFixed(1)} tokens/s`,
        note: `version ${result.version}`,
      },
      {
        work: `${result.name}, ${result.weights}: prefill 512`,
        value: `${result.prefill512TokensPerSecond.toFixed(0)} tokens/s`,
      },
      ...ratioRows(result, own),
    ]);
  },
};

/** What this library reaches in multiples of a peer with weights of as many bits, where both were measured. */
function ratioRows({ kin, name, weights, decodeTokensPerSecond, prefill512TokensPerSecond }, { decode, prefill }) {
  const works = [
    [decode, `decode, batch 1, ${kin}`, decodeTokensPerSecond, DECODE_TARGETS[kin]],
    [prefill, `prefill 512, ${kin}`, prefill512TokensPerSecond, PREFILL_TARGETS[kin]],
  ];
  return works.flatMap(([rows, work, theirs, wanted]) => {
    const ours = rows?.find((row) => row.work === work)?.tokensPerSecond;
    if (ours === undefined) return [];
    const ratio = ours / theirs;
    const goal = { goal: `≥ ${wanted} ×`, isMet: ratio >= wanted };
    return [{ work: `  ${work} beside ${name}, ${weights}`, ratio, value: `${ratio.toFixed(2)} ×`, ...goal }];
  });
}
