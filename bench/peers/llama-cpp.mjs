// node-llama-cpp on the same random GPT-2: `node llama-cpp.mjs '{"type": "F16", "threads": 2}'` prints one line of JSON.
import { readFileSync } from 'node:fs';
import { promptOf } from '../cases/prompt.mjs';
import { GPT2_124M } from '../shapes.mjs';
import { median } from '../statistics.mjs';
import { ensureGguf } from './gguf.mjs';

const { type, threads, rounds = 3, tokens = 64, batch = 512 } = JSON.parse(process.argv[2]);
const modelPath = await ensureGguf(type);
const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  contextSize: GPT2_124M.context,
  batchSize: batch,
  sequences: 1,
  threads: { ideal: threads, min: threads },
});
const sequence = context.getSequence();

const prefillSeconds = [];
const decodeSeconds = [];
for (let round = 0; round <= rounds; round++) {
  const prefill = await timePrefill(promptOf(512, GPT2_124M.vocabulary));
  const decode = await timeDecode(promptOf(16, GPT2_124M.vocabulary));
  if (round === 0) continue;
  prefillSeconds.push(prefill);
  decodeSeconds.push(...decode.seconds);
}
const greedyTokens = (await timeDecode(promptOf(16, GPT2_124M.vocabulary))).ids.slice(0, 8);
const { version } = JSON.parse(readFileSync(new URL('node_modules/node-llama-cpp/package.json', import.meta.url)));
console.log(
  JSON.stringify({
    name: 'node-llama-cpp',
    version,
    weights: type,
    threads,
    decodeTokensPerSecond: 1 / median(decodeSeconds),
    prefill512TokensPerSecond: 512 / median(prefillSeconds),
    greedyTokens,
  }),
);
process.exit(0);

async function timePrefill(prompt) {
  await sequence.clearHistory();
  const start = performance.now();
  for await (const _ of sequence.evaluate(prompt, { temperature: 0 })) break;
  return (performance.now() - start) / 1000;
}

async function timeDecode(prompt) {
  await sequence.clearHistory();
  const seconds = [];
  const ids = [];
  let before = performance.now();
  for await (const id of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    const now = performance.now();
    seconds.push((now - before) / 1000);
    ids.push(id);
    before = now;
    if (ids.length > tokens) break;
  }
  return { seconds: seconds.slice(1), ids };
}
