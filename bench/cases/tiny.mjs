import { LLM } from 'kvasir';
import { greedy, promptOf, tokenTimes } from './prompt.mjs';

/** Milliseconds of each token of a model that has next to no work: what the engine itself costs per token. */
export async function measure({ folder, threads, vocabulary, tokens }) {
  const llm = await LLM.load(folder, { threads, prefixCache: false });
  const prompt = promptOf(4, vocabulary);
  for (let i = 0; i < 3; i++) await tokenTimes(llm, prompt, greedy(tokens));
  const times = await tokenTimes(llm, prompt, greedy(tokens + 1));
  return { tokenMs: times.slice(1) };
}
