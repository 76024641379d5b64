import { CACHE_BLOCK_SIZE } from '../src/backend/backend.ts';
import { createReferenceBackend } from '../src/backends/reference/reference-backend.ts';
import type { StepModel } from '../src/engine/step-model.ts';
import { PagedKvCache } from '../src/kv-cache/paged-kv-cache.ts';
import type { SourceEncoder } from '../src/models/encoder-decoder-lm.ts';
import type { HiddenStep, LikeliestRows, StepOptions } from '../src/models/model-step.ts';
import { createForwardBatch, type ForwardBatch, type StepEntry } from '../src/nn/forward-batch.ts';
import { logSumExp } from '../src/sampling/log-sum-exp.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { likeliestOf } from './likeliest-of.ts';

/** Logits in a row. */
export const VOCAB_SIZE = 17;
/** Tokens of sources. */
export const SOURCE_VOCAB_SIZE = 29;
/** Numbers in a hidden state, and in what is cached of a token. */
const WIDTH = 2;

/**
 * Stands in for a language model where the bookkeeping is tested. Its logits are a hash of the whole text, which it reads
 * back through the block table from the memory of a real paged cache; so a wrong slot, a block that is written to before
 * it is copied, released too early or found for another text shows as another token. As in a Transformer, what is cached
 * of a token depends on all tokens before it; and where it has an encoder, on all of a source, of which each token is cached
 * with a hash of the whole.
 */
export class HashModel implements StepModel {
  readonly config: { readonly vocabSize: number; readonly maxPositions: number };
  /** How many tokens of each sequence every step has computed. */
  readonly steps: (readonly number[])[] = [];
  /** Called in every step, when its tokens have their slots and nothing is stored there yet. The step throws what it throws. */
  duringStep: () => void | Promise<void> = () => {};
  readonly encoder: SourceEncoder | undefined;
  /** How many tokens of each source every encoding has read. */
  readonly encodings: (readonly number[])[] = [];
  readonly #errs: boolean;

  /** A model that errs says now and then what no other does. */
  constructor({ maxPositions = 1024, errs = false, hasEncoder = false }: HashModelOptions = {}) {
    this.config = { vocabSize: VOCAB_SIZE, maxPositions };
    this.#errs = errs;
    const encode: SourceEncoder['encode'] = (cache, sources) => this.#encode(cache, sources);
    this.encoder = hasEncoder ? { vocabSize: SOURCE_VOCAB_SIZE, maxPositions, encode } : undefined;
  }

  createCache(numBlocks: number): PagedKvCache {
    return new PagedKvCache(createReferenceBackend(), { numLayers: 1, kvHeads: 1, headSize: WIDTH }, numBlocks);
  }

  async step(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<Float32Array> {
    return (await this.stepWithHidden(cache, entries, options)).logits;
  }

  async stepWithHidden(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<HiddenStep> {
    for (const { sequence, tokenIds } of entries) this.#expectTokens(sequence.length, tokenIds);
    this.steps.push(entries.map(({ tokenIds }) => tokenIds.length));
    const before = entries.map(({ sequence }) => sequence.length);
    try {
      return await this.#run(cache, entries, options);
    } catch (error) {
      for (const [i, { sequence }] of entries.entries()) sequence.truncate(Math.min(before[i]!, sequence.length));
      throw error;
    }
  }

  #encode(cache: PagedKvCache, sources: readonly StepEntry[]): void {
    if (sources.length === 0) return;
    for (const { sequence, tokenIds } of sources)
      if (sequence.length > 0 || tokenIds.length === 0) throw new RangeError('Cannot encode: a source that is not new');
    this.encodings.push(sources.map(({ tokenIds }) => tokenIds.length));
    const { backend } = cache;
    backend.scope(() => {
      const paged = cache.plan(sources);
      const keys = sources.flatMap(({ tokenIds }) => tokenIds.flatMap((tokenId, position) => [tokenId, position]));
      const values = sources.flatMap(({ tokenIds }) => tokenIds.flatMap(() => [digestOf(tokenIds), 0]));
      const [keyTensor, valueTensor] = [
        Tensor.from(backend, Float32Array.from(keys)),
        Tensor.from(backend, Float32Array.from(values)),
      ];
      backend.storeKeysValues(cache.layers[0]!, keyTensor.buffer, valueTensor.buffer, paged);
    });
  }

  async #run(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<HiddenStep> {
    const { batch, release } = layOut(cache, entries, options);
    try {
      const texts = entries.map(({ sequence, tokenIds, source }) => ({
        // Copies: an abort takes the sequence's blocks in the middle of the step.
        ...{ blockTable: [...sequence.blockTable], length: sequence.length, numOld: sequence.length - tokenIds.length },
        source: this.#sourceOf(source),
      }));
      await this.duringStep();
      await store(cache, batch, texts);
      const read = await Promise.all(texts.map((text) => readStates(cache, text, text.length)));
      const states = read.flatMap((all, i) => all.slice(texts[i]!.numOld)); // (T)
      const rows = (await batch.logitRows?.read()) ?? states.keys();
      const logits = Array.from(rows, (row) => this.#logitsOf(states[row]!));
      const { likeliest } = options;
      if (likeliest !== undefined) {
        const numRows = likeliest.tokenIds.length / likeliest.count;
        giveLikeliest(logits.splice(logits.length - numRows), likeliest);
      }
      return { logits: concatenate(logits, options.target), hidden: concatenate(states.map(hiddenOf)) };
    } finally {
      release();
    }
  }

  #logitsOf(state: number): Float32Array {
    return logitsOf(this.#errs && state % 4 === 0 ? mix(state, 3000) : state);
  }

  #sourceOf(source: StepEntry['source']): Text['source'] {
    if (this.encoder === undefined && source === undefined) return undefined;
    if (this.encoder === undefined || source === undefined || source.length === 0)
      throw new TypeError('Cannot run the hash model: a source that is missing, not encoded, or of no use');
    return { blockTable: [...source.blockTable], length: source.length };
  }

  #expectTokens(length: number, tokenIds: readonly number[]): void {
    const { vocabSize, maxPositions } = this.config;
    if (length + tokenIds.length > maxPositions) throw new RangeError('Cannot run the hash model: too many tokens');
    if (!tokenIds.every((id) => Number.isInteger(id) && id >= 0 && id < vocabSize))
      throw new RangeError(`Cannot run the hash model: token ids ${tokenIds}`);
  }
}

function giveLikeliest(rows: readonly Float32Array[], { count, ...to }: LikeliestRows): void {
  for (const [i, row] of rows.entries()) {
    const { tokenIds, logits } = likeliestOf(row, count);
    to.tokenIds.set(tokenIds, i * count);
    to.logits.set(logits, i * count);
    to.logSums?.set([logSumExp(row)], i);
  }
}

/** The logits (V) that follow a text, over its source if it has one. */
export function hashLogits(tokenIds: readonly number[], sourceIds?: readonly number[]): Float32Array {
  return logitsOf(stateOf(tokenIds, sourceIds));
}

/** The hidden state (2) of the last token of a text. */
export function hashHidden(tokenIds: readonly number[], sourceIds?: readonly number[]): Float32Array {
  return hiddenOf(stateOf(tokenIds, sourceIds));
}

interface HashModelOptions {
  readonly maxPositions?: number;
  readonly errs?: boolean;
  readonly hasEncoder?: boolean;
}

interface Text {
  readonly blockTable: readonly number[];
  readonly length: number;
  /** Tokens that were there before the step. */
  readonly numOld: number;
  readonly source: Pick<Text, 'blockTable' | 'length'> | undefined;
}

function layOut(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions) {
  const { backend } = cache;
  const batch = backend.scope((keep) => {
    const laidOut = createForwardBatch(cache, entries, { ...options, furtherRows: options.likeliest?.rows });
    for (const buffer of buffersOf(laidOut)) keep(buffer);
    return laidOut;
  });
  const release = () => {
    for (const buffer of buffersOf(batch)) backend.release(buffer);
  };
  return { batch, release };
}

/** Those that are used after the scope. */
function buffersOf(batch: ForwardBatch) {
  const { tokenIds, logitRows } = batch;
  return [tokenIds.buffer, pagedOf(batch).slots, ...(logitRows === undefined ? [] : [logitRows.buffer])];
}

function pagedOf({ context }: ForwardBatch) {
  if (context.kind !== 'cached') throw new TypeError('The hash model runs over a cache');
  return context.paged;
}

/** Computes keys and values of the new tokens and stores them. All are whole numbers that a float32 holds exactly. */
async function store(cache: PagedKvCache, batch: ForwardBatch, texts: readonly Text[]): Promise<void> {
  const { backend } = cache;
  const tokenIds = await batch.tokenIds.read(); // (T)
  const keys = new Float32Array(tokenIds.length * WIDTH); // (T, 2): token id, position
  const values = new Float32Array(tokenIds.length * WIDTH); // (T, 2): tag, 0
  let row = 0;
  for (const text of texts) {
    const { length, numOld } = text;
    let state = (await readStates(cache, text, numOld)).at(-1) ?? (await readSource(cache, text.source));
    for (const end = row + length - numOld; row < end; row++) {
      const [tokenId, position] = [tokenIds[row]!, batch.positions[row]!];
      const tag = tagOf(state, tokenId, position);
      keys.set([tokenId, position], row * WIDTH);
      values.set([tag, 0], row * WIDTH);
      state = extend(state, tokenId, position, tag);
    }
  }
  backend.scope(() => {
    const [keyTensor, valueTensor] = [Tensor.from(backend, keys), Tensor.from(backend, values)];
    backend.storeKeysValues(cache.layers[0]!, keyTensor.buffer, valueTensor.buffer, pagedOf(batch));
  });
}

/** The states of a text after each of its first `length` tokens, as the memory has them. */
async function readStates(cache: PagedKvCache, { blockTable, source }: Text, length: number): Promise<number[]> {
  return readFrom(cache, await readSource(cache, source), { blockTable, length });
}

/** The state of a source, which its targets begin from. */
async function readSource(cache: PagedKvCache, source: Text['source']): Promise<number> {
  return source === undefined ? INITIAL_STATE : (await readFrom(cache, INITIAL_STATE, source)).at(-1)!;
}

async function readFrom(
  cache: PagedKvCache,
  start: number,
  { blockTable, length }: NonNullable<Text['source']>,
): Promise<number[]> {
  const blocks = blockTable.slice(0, Math.ceil(length / CACHE_BLOCK_SIZE));
  const { keys, values } = await cache.backend.readBlocks(cache.layers[0]!, blocks);
  let state = start;
  return Array.from({ length }, (_, i) => {
    state = extend(state, keys[WIDTH * i]!, keys[WIDTH * i + 1]!, values[WIDTH * i]!);
    return state;
  });
}

const INITIAL_STATE = 1;

/** The state of a text, which is a hash of all that is cached of it. */
function stateOf(tokenIds: readonly number[], sourceIds: readonly number[] = []): number {
  const digest = digestOf(sourceIds);
  const source = sourceIds.reduce((state, id, position) => extend(state, id, position, digest), INITIAL_STATE);
  return tokenIds.reduce((state, id, position) => extend(state, id, position, tagOf(state, id, position)), source);
}

/** A hash of a whole source, to be cached with each of its tokens. */
function digestOf(sourceIds: readonly number[]): number {
  return sourceIds.reduce(mix, 5) >>> 8;
}

function extend(state: number, tokenId: number, position: number, tag: number): number {
  return mix(mix(mix(state, tokenId), position), tag);
}

/** A hash of the text up to a token, to be cached with it. */
function tagOf(state: number, tokenId: number, position: number): number {
  return mix(mix(state, tokenId), position) >>> 8;
}

/** One token stands out; the others differ too. */
function logitsOf(state: number): Float32Array {
  const likeliest = mix(state, 1000) % VOCAB_SIZE;
  return Float32Array.from({ length: VOCAB_SIZE }, (_, id) => mix(state, id) / 2 ** 32 + (id === likeliest ? 2 : 0));
}

function hiddenOf(state: number): Float32Array {
  return Float32Array.of(mix(state, 2000) >>> 8, mix(state, 2001) >>> 8);
}

/** Scrambles 32 bits together with those of `value`. */
export function mix(hash: number, value: number): number {
  let bits = Math.imul((hash ^ value) + 0x7f4a7c15, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca77);
  return (bits ^ (bits >>> 13)) >>> 0;
}

function concatenate(rows: readonly Float32Array[], target?: Float32Array): Float32Array {
  const all = target ?? new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let offset = 0;
  for (const row of rows) {
    all.set(row, offset);
    offset += row.length;
  }
  if (offset !== all.length) throw new RangeError(`Cannot give ${offset} numbers: the target takes ${all.length}`);
  return all;
}
