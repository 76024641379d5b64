import { LLM } from 'kvasir';
import { greedy, promptOf, tokenTimes } from '../cases/prompt.mjs';

self.onmessage = async ({ data }) => {
  try {
    self.postMessage(await measure(data));
  } catch (error) {
    self.postMessage({ error: error.stack ?? String(error) });
  }
};

/** Milliseconds of each decoded token, and of each prompt of 512 tokens, the first of each kind left out. */
async function measure({ folder, vocabulary, threads, tokens, rounds }) {
  const start = performance.now();
  const llm = await LLM.load(folder, { prefixCache: false, ...(threads === undefined ? {} : { threads }) });
  const loadMs = performance.now() - start;
  const tokenMs = [];
  const prefillMs = [];
  for (let round = 0; round <= rounds; round++) {
    const prefill = await tokenTimes(llm, promptOf(512, vocabulary), greedy(1));
    const decode = await tokenTimes(llm, promptOf(16, vocabulary), greedy(tokens + 1));
    if (round === 0) continue;
    prefillMs.push(...prefill);
    tokenMs.push(...decode.slice(1));
  }
  const result = { loadMs, tokenMs, prefillMs, threads: llm.backend.numThreads, isIsolated: self.crossOriginIsolated };
  await llm.dispose();
  return result;
}
