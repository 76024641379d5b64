import { existsSync } from 'node:fs';
import { runChild } from '../run-child.mjs';

const FOLDER = new URL('../peers/', import.meta.url);
const PEERS = [
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', parameters: { type: 'F16' } },
  { script: 'llama-cpp.mjs', module: 'node-llama-cpp', parameters: { type: 'F32' } },
  { script: 'onnxruntime.mjs', module: 'onnxruntime-node', parameters: {} },
];

/** Other engines on the same machine and the same random model. */
export const peers = {
  name: 'peers',
  isOnce: true,
  async sample({ threads }, samples) {
    samples.results = [];
    for (const { script, module, parameters } of PEERS) {
      if (!existsSync(new URL(`node_modules/${module}`, FOLDER))) continue;
      samples.results.push(await runChild(new URL(script, FOLDER), JSON.stringify({ ...parameters, threads })));
    }
  },
  report(_, { results }) {
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
    ]);
  },
};
