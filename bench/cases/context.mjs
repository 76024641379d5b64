import { LLM } from 'kvasir';
import { greedy, promptOf, tokenTimes } from './prompt.mjs';

const PROMPT = 16;
const WINDOW = 16;

/** Milliseconds of the token that makes a sequence `context` long, with the cache and without, for each context. */
export async function measure({ folder, threads, vocabulary, contexts, repetitions }) {
  const llm = await LLM.load(folder, { threads, prefixCache: false });
  const most = Math.max(...contexts) + WINDOW / 2;
  await tokenTimes(llm, promptOf(PROMPT, vocabulary), greedy(24));
  const times = await tokenTimes(llm, promptOf(PROMPT, vocabulary), greedy(most - PROMPT));
  const rows = [];
  for (const context of contexts) {
    // times[i] is the token that was computed from PROMPT + i tokens.
    const middle = context - PROMPT;
    const withCache = times.slice(Math.max(1, middle - WINDOW / 2), middle + WINDOW / 2);
    const without = [];
    for (let i = 0; i < repetitions; i++) {
      const options = { ...greedy(2), useCache: false };
      without.push((await tokenTimes(llm, promptOf(context - 1, vocabulary), options))[1]);
    }
    rows.push({ context, withCacheMs: withCache, withoutCacheMs: without });
  }
  return { rows };
}
