import type { Backend } from '../backend/backend.ts';
import type { CacheDType } from '../backend/dtype.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { Adapter } from '../nn/adapter.ts';
import type { DecoderOnlyTransformer } from '../nn/decoder-only-transformer.ts';
import { createForwardBatch, type Observer, type StepEntry } from '../nn/forward-batch.ts';
import { Tensor } from '../tensor/tensor.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { Logits } from './logits.ts';
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
import { PastKeyValues } from './past-key-values.ts';
import { readScores, type ScoredStep, type ScoreEntry } from './score-step.ts';
import { type AheadOptions, type StepsAhead, stepAhead } from './step-ahead.ts';

/** What `CausalLM.forward` takes. */
export interface ForwardInput {
  /** New tokens: of one sequence, or of each sequence of a batch (which may differ in length). */
  readonly inputIds: readonly number[] | readonly (readonly number[])[];
  /** What an earlier call returned for the tokens before these. */
  readonly pastKeyValues?: PastKeyValues | undefined;
  /** Tokens that a new cache has room for, per sequence; the model's longest sequence unless given. */
  readonly maxLength?: number | undefined;
  /**
   * Sees the activations by module path: `embedding`, `layers.0.attention`, `layers.0.mlp`, `layers.0`, `finalNorm`.
   */
  readonly observe?: Observer | undefined;
  /** Of this model; the cached tokens must have gone through the same. */
  readonly adapter?: Adapter | undefined;
}

/** What `CausalLM.forward` gives. */
export interface ForwardOutput {
  /** A row of V raw scores for every new token. */
  readonly logits: Logits;
  /** The cache, for the next call; `dispose()` frees it. */
  readonly pastKeyValues: PastKeyValues;
}

/** A decoder-only language model on a device: P(next token | tokens so far). */
export class CausalLM {
  readonly config: ModelConfig;
  readonly backend: Backend;
  readonly transformer: DecoderOnlyTransformer;
  readonly parameters: Parameters;
  /** It reads no sources. */
  readonly encoder: undefined;

  constructor(transformer: DecoderOnlyTransformer, parameters: Parameters) {
    this.config = transformer.config;
    this.backend = parameters.backend;
    this.transformer = transformer;
    this.parameters = parameters;
  }

  /** Parameters of the model; a tied output projection counts once. */
  get numParameters(): number {
    return countParameters(decoderOnlyParameters(this.config));
  }

  /** A cache with room for `numTokens` tokens in each of `numSequences` sequences. */
  createCache(numTokens: number, numSequences = 1, dtype: CacheDType = 'float32'): PagedKvCache {
    const { numLayers, numKvHeads, headSize } = this.config;
    const numBlocks = PagedKvCache.blocksFor(numTokens) * numSequences;
    return new PagedKvCache(this.backend, { numLayers, kvHeads: numKvHeads, headSize, dtype }, numBlocks);
  }

  /**
   * Feeds tokens and gives the logits of each, keeping keys and values for the next call. Throws a `RangeError` for a
   * token id that is not in the vocabulary, a sequence longer than the model takes or the cache has room for, and
   * another number of sequences than is cached; nothing has grown then.
   *
   * @example
   * let { logits, pastKeyValues } = await model.forward({ inputIds: [1, 403, 407] });
   * const next = likeliestToken(logits.last())!;
   * ({ logits, pastKeyValues } = await model.forward({ inputIds: [next], pastKeyValues }));
   */
  async forward(input: ForwardInput): Promise<ForwardOutput> {
    const batch = isBatch(input.inputIds) ? input.inputIds : [input.inputIds];
    const past = input.pastKeyValues ?? this.#newPast(batch.length, input.maxLength);
    try {
      past.expectSequences(batch.length);
      const entries = batch.map((tokenIds, i) => ({ sequence: past.sequences[i]!, tokenIds, adapter: input.adapter }));
      const values = await this.step(past.cache, entries, { logits: 'all', observe: input.observe });
      const lengths = batch.map((tokenIds) => tokenIds.length);
      return { logits: new Logits(values, lengths, this.config.vocabSize), pastKeyValues: past };
    } catch (error) {
      if (past !== input.pastKeyValues) past.dispose();
      throw error;
    }
  }

  /**
   * One step over a ragged batch: computes the new tokens of each sequence and gives the logits (rows · V) of the last
   * token of each, of all, of none, or of as many last tokens of each as a list says. If it throws, no sequence has grown.
   */
  step(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<Float32Array> {
    const record = (): Promise<Float32Array> => {
      const batch = createForwardBatch(cache, entries, batchOptions(options));
      if (batch.logitRows?.buffer.length !== 0) return readRows(this.transformer.forward(batch), options);
      this.transformer.hidden(batch);
      return Tensor.allocate(this.backend, [0, this.config.vocabSize]).read() as Promise<Float32Array>;
    };
    return this.#run(entries, record);
  }

  /** `step` that also gives the final hidden states (T · C) of all new tokens. */
  stepWithHidden(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<HiddenStep> {
    return this.#run(entries, async () => {
      const { logits, hidden } = this.transformer.forwardWithHidden(
        createForwardBatch(cache, entries, batchOptions(options)),
      );
      const [values, states] = await Promise.all([readRows(logits, options), hidden.read()]);
      return { logits: values, hidden: states as Float32Array };
    });
  }

  /**
   * As many steps as `count` says, at once: the new tokens of each sequence, then the token that is chosen after them, and so
   * on, on the device alone. The tokens chosen last are not computed. If it throws, no sequence has grown.
   */
  stepAhead(cache: PagedKvCache, entries: readonly StepEntry[], options: AheadOptions): Promise<StepsAhead> {
    for (const { sequence, tokenIds } of entries)
      this.#expectRoom(sequence.length + tokenIds.length + options.count - 1);
    return this.#run(entries, () => stepAhead(this.transformer, cache, entries, options));
  }

  /**
   * One step over a ragged batch that gives log P(target | tokens up to the new one that it follows), all of the first entry's
   * targets, then the second's, …: V numbers a token need not leave the device. If it throws, no sequence has grown.
   */
  scoreStep(
    cache: PagedKvCache,
    entries: readonly ScoreEntry[],
    { withLogits = false }: { readonly withLogits?: boolean | undefined } = {},
  ): Promise<ScoredStep> {
    const targets = entries.flatMap(({ targets }) => targets);
    expectTokenIds(targets, this.config.vocabSize);
    return this.#run(entries, async () => {
      const batch = createForwardBatch(cache, entries, { logits: entries.map(({ targets }) => targets.length) });
      if (targets.length === 0) {
        this.transformer.hidden(batch);
        return { logProbs: new Float32Array(0), logits: withLogits ? new Float32Array(0) : undefined };
      }
      return readScores(this.transformer.forward(batch), targets, withLogits);
    });
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.release();
  }

  /** Records a step inside a scope; `record` must have asked for all its reads when it first waits. */
  async #run<Result>(entries: readonly StepEntry[], record: () => Promise<Result>): Promise<Result> {
    for (const { sequence, tokenIds, source } of entries) {
      if (source !== undefined) throw new TypeError('Cannot run the model: it takes no source, but one is given');
      expectTokenIds(tokenIds, this.config.vocabSize);
      this.#expectRoom(sequence.length + tokenIds.length);
    }
    expectAdapters(entries, this.parameters);
    return withoutGrowthOnError(entries, () => this.backend.scope(record));
  }

  #newPast(numSequences: number, maxLength = this.config.maxPositions): PastKeyValues {
    return new PastKeyValues(this.createCache(maxLength, numSequences), numSequences);
  }

  #expectRoom(length: number): void {
    const { maxPositions } = this.config;
    if (length > maxPositions)
      throw new RangeError(
        `Cannot run the model: a sequence of ${length} tokens, but it takes at most ${maxPositions}`,
      );
  }
}

function isBatch(ids: ForwardInput['inputIds']): ids is readonly (readonly number[])[] {
  return Array.isArray(ids[0]);
}
