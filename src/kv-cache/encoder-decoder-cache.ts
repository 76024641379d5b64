import type { PagedKvCache } from './paged-kv-cache.ts';

/**
 * The memory of encoder-decoder sequences: keys and values of the targets, which grow token by token, and those of the sources
 * that they attend to, which are stored once. Several targets may read one source; `fork` gives each a share in its blocks.
 *
 * @example
 * const cache = model.createCache({ numSequences: 4, targetTokens: 100, numSources: 1, sourceTokens: 30 });
 * const source = cache.sources.createSequence();
 * model.encode(cache, [{ sequence: source, tokenIds: [17, 4, 2] }]);
 * const sequence = cache.targets.createSequence();
 * const logits = await model.step(cache, [{ sequence, source, tokenIds: [2] }], { logits: 'last' }); // (V)
 * cache.dispose();
 */
export class EncoderDecoderCache {
  readonly targets: PagedKvCache;
  readonly sources: PagedKvCache;

  constructor(targets: PagedKvCache, sources: PagedKvCache) {
    this.targets = targets;
    this.sources = sources;
  }

  /** Bytes on the device. */
  get byteLength(): number {
    return this.targets.byteLength + this.sources.byteLength;
  }

  /** Frees the memory of both. */
  dispose(): void {
    this.targets.dispose();
    this.sources.dispose();
  }
}
