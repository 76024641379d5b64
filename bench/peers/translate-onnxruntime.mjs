// onnxruntime-node on the linear layers of greedy translation with OPUS-MT's shape, in float32:
// `node translate-onnxruntime.mjs '{"threads": 2, "sourceTokens": 800, "sentences": 32, "targetTokens": 25}'` prints a line of JSON.
import { openLinearChain } from './linear-chain.mjs';

/**
 * A layer of a decoder with cross-attention is 14 C² products a token: 4 C² of self-attention, 2 C² of queries and outputs of
 * cross-attention, 8 C² of the feed-forward. A layer of an encoder, with the keys and values that the decoder makes of its outputs, is as
 * many. Six of either are what seven blocks of GPT-2 are, of 12 C² each, so that a chain of these stands for both.
 */
const AS_MANY = { architecture: 'gpt2', layers: 7, channels: 512, hidden: 2048, context: 1, vocabulary: 58_101 };

const { threads, sourceTokens, sentences, targetTokens } = JSON.parse(process.argv[2]);
const { version, feedsOf, run } = await openLinearChain('F32', AS_MANY, threads);
const sources = feedsOf(sourceTokens, -1n);
const targets = feedsOf(sentences, 0n);
for (const feeds of [sources, targets]) await run(feeds); // warms up
const start = performance.now();
await run(sources);
for (let step = 0; step < targetTokens; step++) await run(targets);
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ seconds, version }));
process.exit(0);
