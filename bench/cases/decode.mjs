import { LLM } from 'kvasir';
import { greedy, promptOf, tokenTimes } from './prompt.mjs';

const PROMPT = 16;
/** Tokens until the engine's compilers, which take a processor from the threads meanwhile, are done. */
const WARM_UP = 128;

/** Milliseconds of each decoded token at batch 1, choice and text included, and of the first answer of the process. */
export async function measure({ folder, dtype, threads, vocabulary, tokens }) {
  const llm = await LLM.load(folder, { dtype, threads, prefixCache: false });
  const prompt = promptOf(PROMPT, vocabulary);
  const start = performance.now();
  const first = await tokenTimes(llm, prompt, greedy(24));
  const firstAnswerMs = performance.now() - start;
  await tokenTimes(llm, prompt, greedy(WARM_UP));
  const times = await tokenTimes(llm, prompt, greedy(tokens + 1));
  return { firstTokenMs: first[0], firstAnswerMs, meanContext: PROMPT + 1 + tokens / 2, tokenMs: times.slice(1) };
}
