import { LLM } from 'kvasir';
import { decodePhase } from '../decode-phase.mjs';
import { randomPrompts } from '../random-requests.mjs';
import { greedy } from './prompt.mjs';

/** Tokens until the engine's compilers, which take a processor from the threads meanwhile, are done. */
const WARM_UP = 64;

/** Tokens and seconds of as many requests at once as each of `counts` says, and of that the part in which all decode. */
export async function measure({ folder, dtype, threads, vocabulary, counts, promptTokens, newTokens }) {
  const most = Math.max(...counts);
  const contextLength = promptTokens + Math.max(newTokens, WARM_UP);
  const cacheTokens = most * 16 * Math.ceil(contextLength / 16);
  const llm = await LLM.load(folder, { dtype, threads, contextLength, cacheTokens, maxNumSequences: most });
  const run = (seed, count, numNew) =>
    serve(llm, randomPrompts({ seed, count, length: promptTokens, vocabulary }), numNew);
  await run(1000, 1, WARM_UP);
  await run(1001, most, WARM_UP / 4);
  const runs = [];
  for (const count of counts) {
    const start = performance.now();
    const times = await run(count, count, newTokens);
    const seconds = (performance.now() - start) / 1000;
    runs.push({ count, tokens: count * newTokens, seconds, decode: decodePhase(times) });
  }
  return { runs };
}

/** When each request got each of its tokens, in milliseconds. */
function serve(llm, prompts, numNew) {
  return Promise.all(
    prompts.map(async (prompt) => {
      const times = [];
      for await (const _ of llm.stream(prompt, greedy(numNew))) times.push(performance.now());
      return times;
    }),
  );
}
