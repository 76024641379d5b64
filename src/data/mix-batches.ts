import { uniform } from '../base/random.ts';
import { type BatchLoader, createBatchLoader, requireCount } from './batch-loader.ts';
import { requireKnownOptions } from './known-options.ts';
import { DATA_LANES } from './random-lanes.ts';
import type { SourceTokens, TokenSpan, TrainingBatch } from './training-batch.ts';

/** One of the loaders that are mixed. */
export interface MixturePart {
  readonly loader: BatchLoader;
  /** Its share is its weight over the sum of all weights. */
  readonly weight: number;
}

export interface MixOptions {
  readonly seed: number;
  /** How many batches of the parts, each drawn for itself, make one batch: 1 unless given. */
  readonly drawsPerBatch?: number | undefined;
}

const ACTION = 'Cannot mix batches';

/**
 * Batches of several datasets. Which part a draw comes from depends on the seed and the number of the draw; each part gives
 * its batches in their order, so what it promises for an epoch holds. With parts of `batchSize: 1` and several draws a
 * batch, the rows of a batch are mixed.
 * Throws a `RangeError` for weights that cannot be and a `TypeError` if only some of the parts have sources.
 *
 * @example
 * const loader = mixBatches([{ loader: stories, weight: 3 }, { loader: letters, weight: 1 }], { seed: 1 });
 */
export function mixBatches(parts: readonly MixturePart[], options: MixOptions): BatchLoader {
  requireKnownOptions(ACTION, options, ['seed', 'drawsPerBatch']);
  const { seed, drawsPerBatch = 1 } = options;
  checkParts(parts);
  requireCount(ACTION, 'seed', seed, 0);
  requireCount(ACTION, 'drawsPerBatch', drawsPerBatch);
  const draws = new MixtureDraws(
    parts.map(({ weight }) => weight),
    seed,
  );
  return createBatchLoader({
    batchesPerEpoch: undefined,
    isEndless: true,
    maxTokens: drawsPerBatch * Math.max(...parts.map(({ loader }) => loader.maxTokens)),
    hasSources: parts[0]!.loader.hasSources,
    identity: {
      mode: 'mixture',
      parts: parts.map(({ loader, weight }) => ({ weight, loader: JSON.parse(loader.identity) as unknown })),
      seed,
      drawsPerBatch,
    },
    read: async (n) => {
      const batches: TrainingBatch[] = [];
      for (const { part, number } of draws.from(n * drawsPerBatch, drawsPerBatch))
        batches.push(await parts[part]!.loader.batch(number));
      return joinBatches(batches);
    },
  });
}

function checkParts(parts: readonly MixturePart[]): void {
  if (parts.length === 0) throw new RangeError(`${ACTION}: there are no parts, wanted at least one`);
  for (const [i, { weight }] of parts.entries())
    if (!(Number.isFinite(weight) && weight > 0))
      throw new RangeError(`${ACTION}: part ${i} has weight ${weight}, wanted a number above 0`);
  for (const [i, { loader }] of parts.entries()) {
    if (loader.hasSources !== parts[0]!.loader.hasSources)
      throw new TypeError(`${ACTION}: of parts 0 and ${i} only one has sources, wanted all or none`);
    if (parts.findIndex((part) => part.loader === loader) < i)
      throw new TypeError(`${ACTION}: part ${i} is a loader that comes before, wanted each once`);
  }
}

/** A draw: which part, and which of its batches. */
interface Draw {
  readonly part: number;
  readonly number: number;
}

/** Draws between two that are remembered. */
const STRIDE = 1024;

/** Who is drawn, and how often each has been drawn before: counted from the nearest place that is remembered. */
class MixtureDraws {
  readonly #weights: readonly number[];
  readonly #sum: number;
  readonly #seed: number;
  /** How often each part was drawn before draw 0, STRIDE, 2 · STRIDE, … */
  readonly #counts: number[][];
  /** The same where the last call ended, since the next one mostly goes on there. */
  #last: { readonly draw: number; readonly counts: readonly number[] } = { draw: 0, counts: [] };

  constructor(weights: readonly number[], seed: number) {
    this.#weights = weights;
    this.#sum = weights.reduce((sum, weight) => sum + weight, 0);
    this.#seed = seed;
    this.#counts = [weights.map(() => 0)];
  }

  from(first: number, count: number): readonly Draw[] {
    const counts = this.#last.draw === first && first > 0 ? [...this.#last.counts] : this.#countsBefore(first);
    const draws = Array.from({ length: count }, (_, i) => {
      const part = this.#partOf(first + i);
      return { part, number: counts[part]!++ };
    });
    this.#last = { draw: first + count, counts };
    return draws;
  }

  #countsBefore(draw: number): number[] {
    const place = Math.floor(draw / STRIDE);
    while (this.#counts.length <= place) {
      const first = (this.#counts.length - 1) * STRIDE;
      this.#counts.push(this.#count(this.#counts.at(-1)!, first, first + STRIDE));
    }
    return this.#count(this.#counts[place]!, place * STRIDE, draw);
  }

  #count(before: readonly number[], first: number, end: number): number[] {
    const counts = [...before];
    for (let draw = first; draw < end; draw++) counts[this.#partOf(draw)]!++;
    return counts;
  }

  #partOf(draw: number): number {
    let rest = uniform(this.#seed, draw, DATA_LANES.mixture) * this.#sum;
    const part = this.#weights.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    // Rounding may leave a rest of 0 behind the last.
    return part < 0 ? this.#weights.length - 1 : part;
  }
}

function joinBatches(batches: readonly TrainingBatch[]): TrainingBatch {
  if (batches.length === 1) return batches[0]!;
  const tokens = joinTokens(batches);
  const numTokens = tokens.tokenIds.length;
  const joined = {
    ...tokens,
    targetIds: joinInto(
      new Int32Array(numTokens),
      batches.map(({ targetIds }) => targetIds),
    ),
    lossWeights: joinInto(
      new Float32Array(numTokens),
      batches.map(({ lossWeights }) => lossWeights),
    ),
  };
  const sources = batches.flatMap(({ source }) => source ?? []);
  return sources.length === 0 ? joined : { ...joined, source: joinTokens(sources) };
}

function joinTokens(parts: readonly (TrainingBatch | SourceTokens)[]): SourceTokens {
  const spans: TokenSpan[] = [];
  let numTokens = 0;
  for (const part of parts) {
    for (const { start, length } of part.spans) spans.push({ start: numTokens + start, length });
    numTokens += part.tokenIds.length;
  }
  return {
    tokenIds: joinInto(
      new Int32Array(numTokens),
      parts.map(({ tokenIds }) => tokenIds),
    ),
    positions: joinInto(
      new Int32Array(numTokens),
      parts.map(({ positions }) => positions),
    ),
    spans,
  };
}

function joinInto<Numbers extends Int32Array | Float32Array>(target: Numbers, parts: readonly Numbers[]): Numbers {
  let offset = 0;
  for (const part of parts) {
    target.set(part, offset);
    offset += part.length;
  }
  return target;
}
