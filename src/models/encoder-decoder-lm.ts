import type { Backend } from '../backend/backend.ts';
import type { CacheDType } from '../backend/dtype.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { adaptedRowsOf } from '../nn/adapter.ts';
import type { EncoderDecoderTransformer } from '../nn/encoder-decoder-transformer.ts';
import { createForwardBatch, type Observer, type StepEntry } from '../nn/forward-batch.ts';
import { wholeSequences } from '../nn/whole-sequences.ts';
import { Tensor } from '../tensor/tensor.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import {
  batchOptions,
  expectAdapters,
  expectTokenIds,
  type HiddenStep,
  readRows,
  type StepOptions,
  withoutGrowthOnError,
} from './model-step.ts';
import { countParameters } from './parameter-spec.ts';
import type { Parameters } from './parameters.ts';
import { readScores, type ScoredStep, type ScoreEntry } from './score-step.ts';

/** The side of a model that reads sources. */
export interface SourceEncoder {
  readonly vocabSize: number;
  /** The longest source. */
  readonly maxPositions: number;
  /** See `EncoderDecoderLM.encode`. */
  encode(cache: PagedKvCache, sources: readonly StepEntry[]): void;
}

/**
 * An encoder-decoder language model on a device: P(next token of the target | source, target so far). Sources and targets are
 * sequences of one paged cache: a target grows token by token, a source is encoded once and then read by every step of every
 * target that is given it.
 *
 * @example
 * const cache = model.createCache(130);
 * const source = cache.createSequence();
 * model.encode(cache, [{ sequence: source, tokenIds: [17, 4, 2] }]);
 * const sequence = cache.createSequence();
 * const logits = await model.step(cache, [{ sequence, source, tokenIds: [2] }], { logits: 'last' }); // (V)
 * cache.dispose();
 */
export class EncoderDecoderLM {
  readonly config: EncoderDecoderConfig;
  readonly backend: Backend;
  readonly transformer: EncoderDecoderTransformer;
  readonly parameters: Parameters;
  readonly encoder: SourceEncoder;

  constructor(transformer: EncoderDecoderTransformer, parameters: Parameters) {
    this.config = transformer.config;
    this.backend = parameters.backend;
    this.transformer = transformer;
    this.parameters = parameters;
    const { sourceVocabSize, maxPositions } = this.config;
    const encode: SourceEncoder['encode'] = (cache, sources) => this.encode(cache, sources);
    this.encoder = { vocabSize: sourceVocabSize, maxPositions, encode };
  }

  /** Parameters of the model; what is shared counts once. */
  get numParameters(): number {
    return countParameters(encoderDecoderParameters(this.config));
  }

  /**
   * A cache with room for `numTokens` tokens in each of `numSequences` sequences, sources counted. Throws the backend's error,
   * and keeps nothing, if memory does not suffice.
   */
  createCache(numTokens: number, numSequences = 1, dtype: CacheDType = 'float32'): PagedKvCache {
    const { numLayers, numHeads, headSize } = this.config.decoder;
    const numBlocks = PagedKvCache.blocksFor(numTokens) * numSequences;
    return new PagedKvCache(this.backend, { numLayers, kvHeads: numHeads, headSize, dtype }, numBlocks);
  }

  /**
   * Encodes sources, each into an empty sequence of the cache, which holds its keys and values for every step of every target
   * from then on. It records and does not wait. Throws a `RangeError`, and no sequence has grown, for a token that is not in
   * the source's vocabulary, a source without tokens or longer than the model takes, a sequence that is not empty, and too few
   * free blocks.
   */
  encode(
    cache: PagedKvCache,
    sources: readonly StepEntry[],
    options: { readonly observe?: Observer | undefined } = {},
  ): void {
    for (const { sequence, tokenIds } of sources) {
      expectTokenIds(tokenIds, this.config.sourceVocabSize, 'encode a source');
      if (tokenIds.length === 0) throw new RangeError('Cannot encode a source: it has no tokens');
      if (sequence.length > 0)
        throw new RangeError(`Cannot encode a source: its sequence has ${sequence.length} tokens, wanted an empty one`);
      this.#expectRoom(tokenIds.length, 'encode a source');
    }
    expectAdapters(sources, this.parameters);
    if (sources.length === 0) return;
    withoutGrowthOnError(sources, () =>
      this.backend.scope(() => {
        const paged = cache.plan(sources);
        const adapters = adaptedRowsOf(this.backend, sources);
        const batch = wholeSequences(
          this.backend,
          sources.map(({ tokenIds }) => tokenIds),
        );
        const encoded = this.transformer.encode({ ...batch, adapters, observe: options.observe });
        this.transformer.store(encoded, cache.layers, paged, adapters);
      }),
    );
  }

  /**
   * One step over a ragged batch of targets: computes the new tokens of each and gives the logits (rows · V) of the last token
   * of each, of all, of none, or of as many last tokens of each as a list says. Throws a `RangeError` as `encode` does, and for
   * a source that is not encoded; no target has grown then.
   */
  step(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<Float32Array> {
    return this.#run(entries, () => readRows(this.#forward(cache, entries, options).logits, options));
  }

  /** `step` that also gives the decoder's output (T · C) for all new tokens. */
  stepWithHidden(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<HiddenStep> {
    return this.#run(entries, async () => {
      const { logits, hidden } = this.#forward(cache, entries, options);
      const [values, states] = await Promise.all([readRows(logits, options), hidden.read()]);
      return { logits: values, hidden: states as Float32Array };
    });
  }

  /** As `step`, but gives log P(target | source, tokens up to the new one that it follows) as `CausalLM.scoreStep` does. */
  scoreStep(
    cache: PagedKvCache,
    entries: readonly ScoreEntry[],
    { withLogits = false }: { readonly withLogits?: boolean | undefined } = {},
  ): Promise<ScoredStep> {
    const targets = entries.flatMap(({ targets }) => targets);
    expectTokenIds(targets, this.config.vocabSize);
    return this.#run(entries, () => {
      const { logits } = this.#forward(cache, entries, { logits: entries.map(({ targets }) => targets.length) });
      return readScores(logits, targets, withLogits);
    });
  }

  /** A step without targets waits for what was recorded before: sources. */
  #forward(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions) {
    if (entries.length > 0)
      return this.transformer.forwardWithHidden(createForwardBatch(cache, entries, batchOptions(options)));
    const { vocabSize, hiddenSize } = this.config;
    const nothing = (columns: number) => Tensor.allocate(this.backend, [0, columns]);
    return { logits: nothing(vocabSize), hidden: nothing(hiddenSize) };
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.release();
  }

  /** Records a step inside a scope; `record` must have asked for all its reads when it first waits. */
  async #run<Result>(entries: readonly StepEntry[], record: () => Promise<Result>): Promise<Result> {
    for (const { sequence, source, tokenIds } of entries) {
      expectTokenIds(tokenIds, this.config.vocabSize);
      this.#expectRoom(sequence.length + tokenIds.length, 'run the model');
      if (source === undefined || source.length === 0)
        throw new RangeError('Cannot run the model: the source of a target is not encoded');
    }
    expectAdapters(entries, this.parameters);
    return withoutGrowthOnError(entries, () => this.backend.scope(record));
  }

  #expectRoom(length: number, action: string): void {
    const { maxPositions } = this.config;
    if (length > maxPositions)
      throw new RangeError(`Cannot ${action}: ${length} tokens, but the model takes at most ${maxPositions}`);
  }
}
