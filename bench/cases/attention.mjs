import { createBackend, PagedKvCache } from 'kvasir';

/** Sequences that take turns, so that none is still in a processor's cache when its turn comes. */
const SEQUENCES = 4;
const WARM_UP = 20;

/** Seconds of decode attention over `context` cached tokens, all layers; and the bytes of keys and values it reads. */
export async function measure({ threads, layers, heads, kvHeads, headSize, context, rounds }) {
  const backend = await createBackend({ threads });
  const numBlocks = PagedKvCache.blocksFor(context);
  const cache = new PagedKvCache(backend, { numLayers: layers, kvHeads, headSize }, SEQUENCES * numBlocks);
  const batches = Array.from({ length: SEQUENCES }, () => fillSequence(backend, cache, { context, kvHeads, headSize }));
  const queries = backend.allocate('float32', heads * headSize);
  const output = backend.allocate('float32', heads * headSize);
  backend.write(queries, wave(heads * headSize));
  const options = { heads, scale: 1 / Math.sqrt(headSize), maxKeyLength: context };
  const seconds = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const start = performance.now();
    for (const batch of batches)
      for (const layer of cache.layers) backend.pagedAttention(output, queries, layer, batch, options);
    await backend.synchronize();
    if (round >= WARM_UP) seconds.push((performance.now() - start) / 1000 / SEQUENCES);
  }
  await backend.dispose();
  return { seconds, bytes: layers * 2 * context * kvHeads * headSize * 4 };
}

/** A sequence of `context` tokens in the cache, and the batch that asks for its last token. */
function fillSequence(backend, cache, { context, kvHeads, headSize }) {
  const sequence = cache.createSequence();
  const batch = cache.plan([{ sequence, tokenIds: Array(context).fill(0) }]);
  const values = backend.allocate('float32', context * kvHeads * headSize);
  backend.write(values, wave(context * kvHeads * headSize));
  for (const layer of cache.layers) backend.storeKeysValues(layer, values, values, batch);
  const queryStarts = backend.allocate('int32', 2);
  backend.write(queryStarts, Int32Array.of(0, 1));
  return { ...batch, numTokens: 1, queryStarts };
}

function wave(length) {
  return Float32Array.from({ length }, (_, i) => Math.sin(i));
}
