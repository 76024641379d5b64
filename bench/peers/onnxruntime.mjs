// onnxruntime-node on the linear layers of the same GPT-2: `node onnxruntime.mjs '{"threads": 2}'` prints a line of JSON.
import { readFileSync } from 'node:fs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { ensureOnnx } from './onnx.mjs';

const { threads, rounds = 5, tokens = 48 } = JSON.parse(process.argv[2]);
const path = await ensureOnnx();
const { InferenceSession, Tensor } = await import('onnxruntime-node');
const session = await InferenceSession.create(path, {
  executionProviders: ['cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const prefillSeconds = await timeRuns(512, rounds + 1);
const decodeSeconds = await timeRuns(1, tokens + 1);
const { version } = JSON.parse(readFileSync(new URL('node_modules/onnxruntime-node/package.json', import.meta.url)));
console.log(
  JSON.stringify({
    name: 'onnxruntime-node (linear layers only)',
    version,
    weights: 'F32',
    threads,
    decodeTokensPerSecond: 1 / median(decodeSeconds),
    prefill512TokensPerSecond: 512 / median(prefillSeconds),
  }),
);
process.exit(0);

/** Seconds of each run but the first. */
async function timeRuns(rows, runs) {
  const x = new Float32Array(rows * GPT2_124M.channels).map((_, i) => Math.sin(i));
  const feeds = { x: new Tensor('float32', x, [rows, GPT2_124M.channels]) };
  const seconds = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1);
}
