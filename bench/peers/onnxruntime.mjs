// onnxruntime-node on the linear layers of the same GPT-2: `node onnxruntime.mjs '{"type": "F32", "threads": 2}'` prints a line of
// JSON. `type` is F32, INT8 (dynamic quantisation) or INT4 (MatMulNBits).
import { readFileSync } from 'node:fs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { ensureOnnx } from './onnx.mjs';

const { type, threads, counts = [1, 4, 16], rounds = 3, tokens = 64 } = JSON.parse(process.argv[2]);
const path = await ensureOnnx(type);
const { InferenceSession, Tensor } = await import('onnxruntime-node');
const session = await InferenceSession.create(path, {
  executionProviders: ['cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const prefillSeconds = await timeRuns({ rows: 512, first: -1n, runs: rounds + 1 });
const batches = [];
for (const count of counts) {
  const seconds = await timeRuns({ rows: count, first: 0n, runs: tokens + 1 });
  batches.push({ count, tokensPerSecond: count / median(seconds) });
}
const { version } = JSON.parse(readFileSync(new URL('node_modules/onnxruntime-node/package.json', import.meta.url)));
console.log(
  JSON.stringify({
    name: 'onnxruntime-node (linear layers only)',
    version,
    weights: type,
    threads,
    decodeTokensPerSecond: batches[0].tokensPerSecond,
    batches: batches.slice(1),
    prefill512TokensPerSecond: 512 / median(prefillSeconds),
  }),
);
process.exit(0);

/** Seconds of each run but the first; the rows from `first` on go through the output projection. */
async function timeRuns({ rows, first, runs }) {
  const x = new Float32Array(rows * GPT2_124M.channels).map((_, i) => Math.sin(i));
  const feeds = {
    x: new Tensor('float32', x, [rows, GPT2_124M.channels]),
    first: new Tensor('int64', BigInt64Array.of(first), [1]),
  };
  const seconds = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1);
}
