// onnxruntime-node on the linear layers of the same GPT-2: `node onnxruntime.mjs '{"type": "F32", "threads": 2}'` prints a line of
// JSON. `type` is F32, INT8 (dynamic quantisation) or INT4 (MatMulNBits).
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { openLinearChain } from './linear-chain.mjs';

const { type, threads, counts = [1, 4, 16], rounds = 3, tokens = 64 } = JSON.parse(process.argv[2]);
const { version, feedsOf, run } = await openLinearChain(type, GPT2_124M, threads);
const prefillSeconds = await timeRuns({ rows: 512, first: -1n, runs: rounds + 1 });
const batches = [];
for (const count of counts) {
  const seconds = await timeRuns({ rows: count, first: 0n, runs: tokens + 1 });
  batches.push({ count, tokensPerSecond: count / median(seconds) });
}
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
  const feeds = feedsOf(rows, first);
  const seconds = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run(feeds);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1);
}
