import { CACHE_BLOCK_SIZE, LLM } from 'kvasir';
import { paddedWaste } from '../padded-groups.mjs';
import { randomRequests } from '../random-requests.mjs';
import { greedy } from './prompt.mjs';

/**
 * The share of token places in used cache blocks that hold no token, after each step of a trace of requests; and the same
 * for static batches, by arithmetic. Only blocks count, so any model does.
 */
export async function measure({ folder, threads, vocabulary, count, atOnce, promptRange, outputRange }) {
  const contextLength = promptRange[1] + outputRange[1];
  const cacheTokens = atOnce * 16 * Math.ceil(contextLength / 16);
  const llm = await LLM.load(folder, { threads, contextLength, cacheTokens, maxNumSequences: atOnce });
  const requests = randomRequests({ seed: 1, count, promptRange, outputRange, vocabulary });
  const shares = [];
  llm.engine.subscribe((event) => {
    if (event.kind !== 'step') return;
    const { total, free, unusedSlots } = llm.engine.statistics().blocks;
    if (free < total) shares.push(unusedSlots / ((total - free) * CACHE_BLOCK_SIZE));
  });
  await Promise.all(requests.map(({ promptIds, numNew }) => llm.generate(promptIds, greedy(numNew))));
  const { steps, preemptions } = llm.engine.statistics().totals;
  const waste = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return {
    ...{ waste, highestWaste: Math.max(...shares), steps, preemptions },
    staticWaste: paddedWaste(requests, atOnce, { keepsFinished: false }),
    staticWasteWithFinished: paddedWaste(requests, atOnce, { keepsFinished: true }),
  };
}
