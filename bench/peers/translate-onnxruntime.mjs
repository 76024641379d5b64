// onnxruntime-node on the linear layers of greedy translation with OPUS-MT's shape, in float32:
// `node translate-onnxruntime.mjs '{"threads": 2, "sourceTokens": 800, "sentences": 32, "targetTokens": 25}'` prints a line of JSON.
import { readFileSync } from 'node:fs';
import { ensureOnnx } from './onnx.mjs';

/**
 * A layer of a decoder with cross-attention is 14 C² products a token: 4 C² of self-attention, 2 C² of queries and outputs of
 * cross-attention, 8 C² of the feed-forward. A layer of an encoder, with the keys and values that the decoder makes of its outputs, is as
 * many. Six of either are what seven blocks of GPT-2 are, of 12 C² each, so that a chain of these stands for both.
 */
const AS_MANY = { architecture: 'gpt2', layers: 7, channels: 512, hidden: 2048, context: 1, vocabulary: 58_101 };

const { threads, sourceTokens, sentences, targetTokens } = JSON.parse(process.argv[2]);
const { InferenceSession, Tensor } = await import('onnxruntime-node');
const session = await InferenceSession.create(await ensureOnnx('F32', AS_MANY), {
  executionProviders: ['cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
for (const rows of [sourceTokens, sentences]) await run(rows, 0n);
const start = performance.now();
await run(sourceTokens, -1n);
for (let step = 0; step < targetTokens; step++) await run(sentences, 0n);
const seconds = (performance.now() - start) / 1000;
const { version } = JSON.parse(readFileSync(new URL('node_modules/onnxruntime-node/package.json', import.meta.url)));
console.log(JSON.stringify({ seconds, version }));
process.exit(0);

/** Rows through all layers; those from `first` on through the output projection too. */
async function run(rows, first) {
  const x = new Float32Array(rows * AS_MANY.channels).map((_, i) => Math.sin(i));
  await session.run({
    x: new Tensor('float32', x, [rows, AS_MANY.channels]),
    first: new Tensor('int64', BigInt64Array.of(first), [1]),
  });
}
