import { LLM } from 'kvasir';
import { greedy, promptOf, tokenTimes } from './prompt.mjs';

/** Milliseconds from a prompt of `tokens` tokens to the first new one; the process's first prompt apart. */
export async function measure({ folder, dtype, threads, vocabulary, tokens, rounds }) {
  const llm = await LLM.load(folder, { dtype, threads, prefixCache: false });
  const prompt = promptOf(tokens, vocabulary);
  const prefillMs = [];
  for (let round = 0; round <= rounds; round++) prefillMs.push(...(await tokenTimes(llm, prompt, greedy(1))));
  return { firstMs: prefillMs[0], prefillMs: prefillMs.slice(1) };
}
