import { LLM, PagedKvCache } from 'kvasir';
import { promptOf } from './prompt.mjs';

const CONTEXT = 64;
/** Steps until the engine's compilers, which take a processor from the threads meanwhile, are done. */
const WARM_UP = 64;

/** Milliseconds of steps of one token and of `rows` tokens of one sequence, logits of all read, in turn. */
export async function measure({ folder, dtype, threads, vocabulary, tokens, rows }) {
  const llm = await LLM.load(folder, { dtype, threads });
  const { model } = llm;
  const { numLayers, numKvHeads: kvHeads, headSize } = model.config;
  const shape = { numLayers, kvHeads, headSize };
  const cache = new PagedKvCache(model.backend, shape, PagedKvCache.blocksFor(CONTEXT + rows));
  const sequence = cache.createSequence();
  const step = async (tokenIds) => {
    const start = performance.now();
    await model.step(cache, [{ sequence, tokenIds }], { logits: 'all' });
    const ms = performance.now() - start;
    sequence.truncate(CONTEXT);
    return ms;
  };
  await model.step(cache, [{ sequence, tokenIds: promptOf(CONTEXT, vocabulary) }], { logits: 'last' });
  const next = promptOf(rows, vocabulary);
  for (let i = 0; i < WARM_UP; i++) await step(i % 2 === 0 ? next : next.slice(0, 1));
  const [oneMs, manyMs] = [[], []];
  for (let i = 0; i < tokens; i++) {
    oneMs.push(await step(next.slice(0, 1)));
    manyMs.push(await step(next));
  }
  return { oneMs, manyMs };
}
