import { LLM } from 'kvasir';
import { randomPrompts } from '../random-requests.mjs';
import { greedy } from './prompt.mjs';

/**
 * Milliseconds of the decode steps of one greedy sequence and of `numBeams` beams after prompts of the same length, in turn;
 * and the most cache blocks that each had in use.
 */
export async function measure({ folder, threads, vocabulary, numBeams, promptTokens, newTokens, rounds }) {
  const contextLength = promptTokens + newTokens;
  const cacheTokens = numBeams * 16 * Math.ceil(contextLength / 16);
  const llm = await LLM.load(folder, { threads, contextLength, cacheTokens });
  const total = { one: { stepMs: [], blocks: 0 }, beams: { stepMs: [], blocks: 0 } };
  for (let round = 0; round <= rounds; round++) {
    const [first, second] = randomPrompts({ seed: round, count: 2, length: promptTokens, vocabulary });
    const one = await follow(llm, first, greedy(newTokens), 1);
    const beams = await follow(llm, second, { numBeams, maxNewTokens: newTokens, ignoreEos: true }, numBeams);
    // The first round is for the compilers.
    if (round === 0) continue;
    for (const [sum, run] of [
      [total.one, one],
      [total.beams, beams],
    ]) {
      sum.stepMs.push(...run.stepMs);
      sum.blocks = Math.max(sum.blocks, run.blocks);
    }
  }
  return total;
}

async function follow(llm, prompt, options, numSequences) {
  const stepMs = [];
  let blocks = 0;
  const leave = llm.engine.subscribe((event) => {
    if (event.kind !== 'step') return;
    blocks = Math.max(blocks, llm.engine.statistics().blocks.total - event.freeBlocks);
    if (event.numTokens === numSequences && event.numSequences === numSequences) stepMs.push(event.ms);
  });
  await llm.generate(prompt, options);
  leave();
  return { stepMs, blocks };
}
