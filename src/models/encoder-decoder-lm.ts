import type { Backend } from '../backend/backend.ts';
import { findForeignToken } from '../base/find-foreign-token.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import { EncoderDecoderCache } from '../kv-cache/encoder-decoder-cache.ts';
import { PagedKvCache, type SequenceTokens } from '../kv-cache/paged-kv-cache.ts';
import type { EncoderDecoderTransformer } from '../nn/encoder-decoder-transformer.ts';
import { createForwardBatch, type ForwardBatch, type LogitRows, type Observer } from '../nn/forward-batch.ts';
import { wholeSequences } from '../nn/whole-sequences.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import { countParameters } from './parameter-spec.ts';
import type { Parameters } from './parameters.ts';

/** New tokens of a target, and the encoded source that they attend to. */
export interface TargetEntry extends SequenceTokens {
  readonly source: CachedSequence;
}

/** How much an `EncoderDecoderCache` holds. */
export interface EncoderDecoderCacheSize {
  readonly numSequences: number;
  /** Tokens of each target. */
  readonly targetTokens: number;
  readonly numSources: number;
  /** Tokens of each source. */
  readonly sourceTokens: number;
}

/** An encoder-decoder language model on a device: P(next token of the target | source, target so far). */
export class EncoderDecoderLM {
  readonly config: EncoderDecoderConfig;
  readonly backend: Backend;
  readonly transformer: EncoderDecoderTransformer;
  readonly parameters: Parameters;

  constructor(transformer: EncoderDecoderTransformer, parameters: Parameters) {
    this.config = transformer.config;
    this.backend = parameters.backend;
    this.transformer = transformer;
    this.parameters = parameters;
  }

  /** Parameters of the model; what is shared counts once. */
  get numParameters(): number {
    return countParameters(encoderDecoderParameters(this.config));
  }

  /** A cache for targets and sources. Throws the backend's error, and keeps nothing, if memory does not suffice. */
  createCache(size: EncoderDecoderCacheSize): EncoderDecoderCache {
    const { numLayers, numHeads, headSize } = this.config.decoder;
    const shape = { numLayers, kvHeads: numHeads, headSize };
    const create = (tokens: number, count: number) =>
      new PagedKvCache(this.backend, shape, PagedKvCache.blocksFor(tokens) * count);
    const targets = create(size.targetTokens, size.numSequences);
    try {
      return new EncoderDecoderCache(targets, create(size.sourceTokens, size.numSources));
    } catch (error) {
      targets.dispose();
      throw error;
    }
  }

  /**
   * Encodes sources, each into an empty sequence of `cache.sources`, which holds its keys and values for every step of every
   * target from then on. It records and does not wait. Throws a `RangeError`, and no sequence has grown, for a token that is
   * not in the source's vocabulary, a source without tokens or longer than the model takes, a sequence that is not empty, and
   * too few free blocks.
   */
  encode(
    cache: EncoderDecoderCache,
    sources: readonly SequenceTokens[],
    options: { readonly observe?: Observer | undefined } = {},
  ): void {
    for (const { sequence, tokenIds } of sources) {
      expectTokenIds(tokenIds, this.config.sourceVocabSize, 'encode a source');
      if (tokenIds.length === 0) throw new RangeError('Cannot encode a source: it has no tokens');
      if (sequence.length > 0)
        throw new RangeError(`Cannot encode a source: its sequence has ${sequence.length} tokens, wanted an empty one`);
      this.#expectRoom(tokenIds.length, 'encode a source');
    }
    if (sources.length === 0) return;
    const grow = () => {
      const paged = cache.sources.plan(sources);
      const encoded = this.transformer.encode({
        ...wholeSequences(
          this.backend,
          sources.map(({ tokenIds }) => tokenIds),
        ),
        observe: options.observe,
      });
      this.transformer.store(encoded, cache.sources.layers, paged);
    };
    withoutGrowthOnError(sources, () => this.backend.scope(grow));
  }

  /**
   * One step over a ragged batch of targets: computes the new tokens of each and gives the logits (rows · V) of the last token
   * of each, of all, of none, or of as many last tokens of each as a list says. Throws a `RangeError` as `encode` does, and for
   * a source that is not encoded; no target has grown then.
   *
   * @example
   * const logits = await model.step(cache, [{ sequence, source, tokenIds: [2] }], { logits: 'last' }); // (V)
   */
  async step(
    cache: EncoderDecoderCache,
    entries: readonly TargetEntry[],
    options: { readonly logits: LogitRows; readonly observe?: Observer | undefined },
  ): Promise<Float32Array> {
    for (const { sequence, source, tokenIds } of entries) {
      expectTokenIds(tokenIds, this.config.vocabSize, 'run the model');
      this.#expectRoom(sequence.length + tokenIds.length, 'run the model');
      if (source.length === 0) throw new RangeError('Cannot run the model: the source of a target is not encoded');
    }
    const grow = async () => {
      const logits = this.transformer.forward(this.#batch(cache, entries, options));
      return (await logits.read()) as Float32Array;
    };
    return withoutGrowthOnError(entries, () => this.backend.scope(grow));
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.release();
  }

  #batch(
    { targets, sources }: EncoderDecoderCache,
    entries: readonly TargetEntry[],
    options: { readonly logits: LogitRows; readonly observe?: Observer | undefined },
  ): ForwardBatch {
    const reads = entries.map(({ source, tokenIds }) => ({ sequence: source, numQueries: tokenIds.length }));
    return {
      ...createForwardBatch(targets, entries, options),
      source: { kind: 'stored', paged: sources.planReads(reads), caches: sources.layers },
    };
  }

  #expectRoom(length: number, action: string): void {
    const { maxPositions } = this.config;
    if (length > maxPositions)
      throw new RangeError(`Cannot ${action}: ${length} tokens, but the model takes at most ${maxPositions}`);
  }
}

function expectTokenIds(tokenIds: readonly number[], vocabSize: number, action: string): void {
  const wrong = findForeignToken(tokenIds, vocabSize);
  if (wrong !== undefined) throw new RangeError(`Cannot ${action}: token id ${wrong}, wanted 0 to ${vocabSize - 1}`);
}

/** What `body` gives; if it throws or rejects, the sequences are as long as they were. */
function withoutGrowthOnError<Result>(entries: readonly SequenceTokens[], body: () => Result): Result {
  const before = entries.map(({ sequence }) => sequence.length);
  const undo = (error: unknown): never => {
    for (const [i, { sequence }] of entries.entries()) sequence.truncate(Math.min(before[i]!, sequence.length));
    throw error;
  };
  try {
    const result = body();
    return result instanceof Promise ? (result.catch(undo) as Result) : result;
  } catch (error) {
    return undo(error);
  }
}
