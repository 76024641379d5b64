// node-llama-cpp on the same random GPT-2: `node llama-cpp.mjs '{"type": "F16", "threads": 2}'` prints one line of JSON. With
// `"counts": [1, 16]` it serves so many sequences of one context at once.
import { readFileSync } from 'node:fs';
import { promptOf } from '../cases/prompt.mjs';
import { decodePhase } from '../decode-phase.mjs';
import { randomPrompts } from '../random-requests.mjs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { ensureGguf } from './gguf.mjs';

const { vocabulary } = GPT2_124M;
const { type, threads, batch = 512, ...parameters } = JSON.parse(process.argv[2]);
const modelPath = await ensureGguf(type);
const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath });
const { version } = JSON.parse(readFileSync(new URL('node_modules/node-llama-cpp/package.json', import.meta.url)));
const result = parameters.counts === undefined ? await measureOne(parameters) : await measureMany(parameters);
console.log(JSON.stringify({ name: 'node-llama-cpp', version, weights: type, threads, ...result }));
process.exit(0);

/** Prefill and decode of one sequence. */
async function measureOne({ rounds = 3, tokens = 64 }) {
  const context = await createContext(GPT2_124M.context, 1);
  const sequence = context.getSequence();
  const prefillSeconds = [];
  const decodeSeconds = [];
  for (let round = 0; round <= rounds; round++) {
    const prefill = await timePrefill(sequence, promptOf(512, vocabulary));
    const decode = await timeDecode(sequence, promptOf(16, vocabulary), tokens);
    if (round === 0) continue;
    prefillSeconds.push(prefill);
    decodeSeconds.push(...decode.seconds);
  }
  const { ids } = await timeDecode(sequence, promptOf(16, vocabulary), tokens);
  return {
    decodeTokensPerSecond: 1 / median(decodeSeconds),
    prefill512TokensPerSecond: 512 / median(prefillSeconds),
    greedyTokens: ids.slice(0, 8),
  };
}

async function timePrefill(sequence, prompt) {
  await sequence.clearHistory();
  const start = performance.now();
  for await (const _ of sequence.evaluate(prompt, { temperature: 0 })) break;
  return (performance.now() - start) / 1000;
}

async function timeDecode(sequence, prompt, tokens) {
  await sequence.clearHistory();
  const start = performance.now();
  const { ids, times } = await generate(sequence, prompt, tokens + 1);
  return { seconds: times.slice(1).map((time, i) => (time - (times[i] ?? start)) / 1000), ids };
}

/** Tokens and seconds of as many sequences at once as each of `counts` says, as `cases/throughput.mjs` measures them. */
async function measureMany({ counts, promptTokens, newTokens }) {
  const runs = [];
  for (const count of counts) {
    const context = await createContext(promptTokens + newTokens, count);
    const sequences = Array.from({ length: count }, () => context.getSequence());
    const serve = async (seed, numNew) => {
      const prompts = randomPrompts({ seed, count, length: promptTokens, vocabulary });
      await Promise.all(sequences.map((sequence) => sequence.clearHistory()));
      const start = performance.now();
      const all = await Promise.all(sequences.map((sequence, i) => generate(sequence, prompts[i], numNew)));
      const seconds = (performance.now() - start) / 1000;
      return { count, tokens: count * numNew, seconds, decode: decodePhase(all.map(({ times }) => times)) };
    };
    await serve(1000, 16);
    runs.push(await serve(count, newTokens));
    await context.dispose();
  }
  return { runs };
}

function createContext(contextSize, sequences) {
  const threadCounts = { ideal: threads, min: threads };
  return model.createContext({ contextSize, batchSize: batch, sequences, threads: threadCounts });
}

/** Exactly `count` greedy tokens, and the milliseconds at which each came. */
async function generate(sequence, prompt, count) {
  const ids = [];
  const times = [];
  for await (const id of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    ids.push(id);
    times.push(performance.now());
    if (ids.length === count) break;
  }
  return { ids, times };
}
