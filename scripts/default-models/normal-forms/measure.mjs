import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackend, HuggingFaceTokenizer, likeliestToken, loadEncoderDecoder } from 'kvasir';
import { writePair } from './write-pair.mjs';

/** Of the pairs that the model is measured on, which are held out from all training. */
const MEASURED_SEED = 2;
const BATCH_SIZE = 50;
const MAX_TARGET_TOKENS = 32;

/**
 * What share of held-out inputs a model brings to their exact normal form, decoded greedily: of all, of each kind and of each
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

/** @param {string} folder @param {readonly string[]} sources @returns {Promise<string[]>} */
async function normalFormsOf(folder, sources) {
  const read = (/** @type {string} */ name) => readFileSync(join(folder, name), 'utf8');
  const tokenizer = new HuggingFaceTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
  const backend = await createBackend();
  try {
    const model = await loadEncoderDecoder(backend, folder);
    const outputs = [];
    for (let first = 0; first < sources.length; first += BATCH_SIZE) {
      const batch = sources.slice(first, first + BATCH_SIZE).map((source) => tokenizer.encode(source));
      for (const ids of await decodeGreedily(model, batch)) outputs.push(tokenizer.decode(ids));
    }
    model.dispose();
    return outputs;
  } finally {
    await backend.dispose();
  }
}

/**
 * The likeliest tokens of a target for each source, one after the other, up to the end.
 * @param {import('kvasir').EncoderDecoderLM} model @param {readonly (readonly number[])[]} sources
 */
async function decodeGreedily(model, sources) {
  const { decoderStartTokenId: start, eosTokenIds, vocabSize } = model.config;
  const sourceTokens = Math.max(...sources.map(({ length }) => length));
  const sizes = {
    numSources: sources.length,
    sourceTokens,
    numSequences: sources.length,
    targetTokens: MAX_TARGET_TOKENS,
  };
  const cache = model.createCache(sizes);
  try {
    const encoded = sources.map((tokenIds) => ({ sequence: cache.sources.createSequence(), tokenIds }));
    model.encode(cache, encoded);
    const targets = encoded.map(({ sequence: source }) => ({
      source,
      sequence: cache.targets.createSequence(),
      ids: [start],
    }));
    for (let step = 0; step < MAX_TARGET_TOKENS; step++) {
      const open = targets.filter(({ ids }) => ids.length === 1 || !eosTokenIds.includes(ids[ids.length - 1]));
      if (open.length === 0) break;
      const entries = open.map(({ source, sequence, ids }) => ({ source, sequence, tokenIds: ids.slice(-1) }));
      const logits = await model.step(cache, entries, { logits: 'last' });
      for (const [i, { ids }] of open.entries())
        ids.push(/** @type {number} */ (likeliestToken(logits.subarray(i * vocabSize, (i + 1) * vocabSize))));
    }
    return targets.map(({ ids }) => ids.slice(1));
  } finally {
    cache.dispose();
  }
}
