import { LLM } from 'kvasir';
import { randomPrompts } from '../random-requests.mjs';
import { greedy } from './prompt.mjs';

/**
 * Milliseconds of the steps in which every one of `count` requests decodes: of the whole step, of these in the model (its
 * recording, kernels, and reading the logits back), and from the end of the step before.
 */
export async function measure({ folder, threads, vocabulary, count, promptTokens, newTokens }) {
  const contextLength = promptTokens + newTokens;
  const cacheTokens = count * 16 * Math.ceil(contextLength / 16);
  const llm = await LLM.load(folder, { threads, contextLength, cacheTokens, maxNumSequences: count });
  const steps = [];
  let before = performance.now();
  llm.engine.subscribe((event) => {
    if (event.kind !== 'step') return;
    const now = performance.now();
    const isDecode = event.numTokens === count && event.numSequences === count;
    if (isDecode) steps.push({ ms: event.ms, modelMs: event.modelMs, apartMs: now - before });
    before = now;
  });
  const run = (seed) =>
    llm.generate(randomPrompts({ seed, count, length: promptTokens, vocabulary }), greedy(newTokens));
  await run(1000);
  const numWarm = steps.length;
  await run(1);
  return { steps: steps.slice(numWarm) };
}
