import { LLM } from 'kvasir';
import { writePair } from './write-pair.mjs';

/** Of the pairs that the model is measured on, which are held out from all training. */
const MEASURED_SEED = 3;

/**
 * What share of held-out inputs a model brings to their exact normal form, by beam search with four beams: of all, of each kind and of each
 * language. `misses` are examples of what it got wrong.
 * @param {string} folder @param {number} count different inputs
 */
export async function measureNormalForms(folder, count) {
  const pairs = heldOutPairs(count);
  const outputs = await normalFormsOf(
    folder,
    pairs.map(({ source }) => source),
  );
  const results = pairs.map((pair, i) => ({ ...pair, output: outputs[i], isExact: outputs[i] === pair.target }));
  const share = (/** @type {typeof results} */ some) => some.filter(({ isExact }) => isExact).length / some.length;
  const sharesBy = (/** @type {'kind' | 'language'} */ by) => {
    const names = [...new Set(results.map((result) => result[by]))].sort();
    return Object.fromEntries(names.map((name) => [name, share(results.filter((result) => result[by] === name))]));
  };
  const misses = results
    .filter(({ isExact }) => !isExact)
    .map(({ source, target, output }) => ({ source, target, output }));
  return { count, exact: share(results), ...sharesBy('kind'), ...sharesBy('language'), misses };
}

/** Pairs of different inputs, none of which comes in training. @param {number} count */
export function heldOutPairs(count) {
  const pairs = new Map();
  for (let i = 0; pairs.size < count; i++) {
    const pair = writePair(MEASURED_SEED, i, { heldOut: true });
    pairs.set(pair.source.toLowerCase(), pair);
  }
  return [...pairs.values()];
}

/** @param {string} folder @param {string[]} sources @returns {Promise<string[]>} */
async function normalFormsOf(folder, sources) {
  const llm = await LLM.load(folder, { maxQueueLength: sources.length });
  try {
    return (await llm.transduce(sources, { numBeams: 4 })).map(({ text }) => text);
  } finally {
    await llm.dispose();
  }
}
