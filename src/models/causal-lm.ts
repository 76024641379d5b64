import type { Backend } from '../backend/backend.ts';
import type { CacheDType } from '../backend/dtype.ts';
import { findForeignToken } from '../base/find-foreign-token.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { Adapter } from '../nn/adapter.ts';
import type { DecoderOnlyTransformer } from '../nn/decoder-only-transformer.ts';
import {
  type BatchOptions,
  createForwardBatch,
  type LogitRows,
  type Observer,
  type StepEntry,
} from '../nn/forward-batch.ts';
import { argmax, gatherRows } from '../ops/rows.ts';
import { tokenLogProbs } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { Logits } from './logits.ts';
import { countParameters } from './parameter-spec.ts';
import type { Parameters } from './parameters.ts';
import { PastKeyValues } from './past-key-values.ts';
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

export interface StepOptions {
  readonly logits: LogitRows;
  /** Where the logits go; a new array unless given. */
  readonly target?: Float32Array | undefined;
  /** Where log Σ exp of each row of logits goes, if it is wanted; no number where the row's first logit is not finite. */
  readonly logSums?: Float32Array | undefined;
  /** Further rows, of which only the likeliest token is wanted: their logits stay on the device. */
  readonly likeliest?: LikeliestRows | undefined;
  readonly observe?: Observer | undefined;
}

/** Rows whose likeliest token is wanted, the lowest id of equals. */
export interface LikeliestRows {
  /** As many of the last tokens of each sequence. */
  readonly rows: readonly number[];
  /** Where the token ids go, a number for each row. */
  readonly tokenIds: Int32Array;
  /** Where their logits go; not finite where the row has NaN or +∞, or −∞ alone. */
  readonly logits: Float32Array;
}

/** What `CausalLM.stepWithHidden` gives. */
export interface HiddenStep {
  /** (rows · V). */
  readonly logits: Float32Array;
  /** (T · C), after the final norm. */
  readonly hidden: Float32Array;
}

/** A decoder-only language model on a device: P(next token | tokens so far). */
export class CausalLM {
  readonly config: ModelConfig;
  readonly backend: Backend;
  readonly transformer: DecoderOnlyTransformer;
  readonly parameters: Parameters;

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
      if (batch.logitRows?.buffer.length !== 0) return this.#read(this.transformer.forward(batch), options);
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
      const [values, states] = await Promise.all([this.#read(logits, options), hidden.read()]);
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
   * One step over new tokens of one sequence that gives log P(targets[i] | tokens up to the i-th new one) instead of
   * the logits, so that V numbers a token never leave the device.
   */
  scoreStep(cache: PagedKvCache, entry: StepEntry, targets: readonly number[]): Promise<Float32Array> {
    this.#expectTokenIds(targets);
    return this.#run([entry], () => {
      const batch = createForwardBatch(cache, [entry], { logits: 'all' });
      const ids = Tensor.from(this.backend, Int32Array.from(targets));
      return tokenLogProbs(this.transformer.forward(batch), ids).read() as Promise<Float32Array>;
    });
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.release();
  }

  /** Records a step inside a scope; `record` must have asked for all its reads when it first waits. */
  async #run<Result>(entries: readonly StepEntry[], record: () => Promise<Result>): Promise<Result> {
    for (const { sequence, tokenIds } of entries) {
      this.#expectTokenIds(tokenIds);
      this.#expectRoom(sequence.length + tokenIds.length);
    }
    this.#expectAdapters(entries);
    const before = entries.map(({ sequence }) => sequence.length);
    try {
      return await this.backend.scope(record);
    } catch (error) {
      for (const [i, { sequence }] of entries.entries()) sequence.truncate(Math.min(before[i]!, sequence.length));
      throw error;
    }
  }

  /** What is wanted of logits whose last rows are those of `likeliest`. */
  async #read(logits: Tensor, options: StepOptions): Promise<Float32Array> {
    const { likeliest } = options;
    if (likeliest === undefined || likeliest.tokenIds.length === 0) return this.#readLogits(logits, options);
    const numRows = logits.numRows - likeliest.tokenIds.length;
    const { indices, values } = argmax(logits);
    const first = Tensor.from(
      this.backend,
      Int32Array.from({ length: numRows }, (_, row) => row),
    );
    const reads = [indices.read(), values.read()] as const;
    const rest = numRows === 0 ? new Float32Array(0) : this.#readLogits(gatherRows(logits, first), options);
    const [tokenIds, largest] = await Promise.all(reads);
    likeliest.tokenIds.set(tokenIds.subarray(numRows));
    likeliest.logits.set(largest.subarray(numRows));
    return rest;
  }

  /** Logits, and log Σ exp of each row where it is wanted: from log P(0) = x₀ − log Σ exp(x), so that the device adds up. */
  async #readLogits(logits: Tensor, { target, logSums }: StepOptions): Promise<Float32Array> {
    if (logSums === undefined) return logits.read(target) as Promise<Float32Array>;
    const first = Tensor.from(this.backend, new Int32Array(logits.numRows));
    const reads = [logits.read(target), tokenLogProbs(logits, first).read()] as const;
    const [values, logProbs] = (await Promise.all(reads)) as [Float32Array, Float32Array];
    for (const [row, logProb] of logProbs.entries()) logSums[row] = values[row * logits.numColumns]! - logProb;
    return values;
  }

  /** An adapter knows its layers by their weights: on another model it would do nothing. */
  #expectAdapters(entries: readonly StepEntry[]): void {
    for (const { adapter } of entries) {
      const [weight] = adapter?.layers.keys() ?? [];
      if (weight !== undefined && !this.parameters.has(weight))
        throw new TypeError('Cannot run the model: the adapter is one of another model');
    }
  }

  #newPast(numSequences: number, maxLength = this.config.maxPositions): PastKeyValues {
    return new PastKeyValues(this.createCache(maxLength, numSequences), numSequences);
  }

  #expectTokenIds(tokenIds: readonly number[]): void {
    const { vocabSize } = this.config;
    const wrong = findForeignToken(tokenIds, vocabSize);
    if (wrong !== undefined)
      throw new RangeError(`Cannot run the model: token id ${wrong}, wanted 0 to ${vocabSize - 1}`);
  }

  #expectRoom(length: number): void {
    const { maxPositions } = this.config;
    if (length > maxPositions)
      throw new RangeError(
        `Cannot run the model: a sequence of ${length} tokens, but it takes at most ${maxPositions}`,
      );
  }
}

function batchOptions({ logits, likeliest, observe }: StepOptions): BatchOptions {
  return { logits, furtherRows: likeliest?.rows, observe };
}

function isBatch(ids: ForwardInput['inputIds']): ids is readonly (readonly number[])[] {
  return Array.isArray(ids[0]);
}
