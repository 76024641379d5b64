import type { EncoderDecoderLM } from '../src/models/encoder-decoder-lm.ts';

/** The likeliest tokens of a target one by one, through the cache, after its start token. */
export async function decodeGreedily(
  model: EncoderDecoderLM,
  sourceIds: readonly number[],
  { startId, numTokens }: { readonly startId: number; readonly numTokens: number },
): Promise<number[]> {
  const cache = model.createCache(Math.max(numTokens, sourceIds.length), 2);
  try {
    const [source, sequence] = [cache.createSequence(), cache.createSequence()];
    model.encode(cache, [{ sequence: source, tokenIds: sourceIds }]);
    const ids = [startId];
    while (ids.length <= numTokens) {
      const row = await model.step(cache, [{ sequence, source, tokenIds: ids.slice(-1) }], { logits: 'last' });
      ids.push(row.indexOf(Math.max(...row)));
    }
    return ids.slice(1);
  } finally {
    cache.dispose();
  }
}
