import { uniform } from '../base/random.ts';
import type { ProcessorChain } from './compose-processors.ts';
import { expOfNegative } from './exp.ts';
import { highestLogit } from './highest-logit.ts';
import type { LikeliestTokens } from './likeliest-tokens.ts';
import type { SequenceView } from './sequence-view.ts';

export interface SamplerOptions {
  readonly chain: ProcessorChain;
  /** 0 chooses the likeliest token; anything else draws (the scaling itself is one of the chain's filters). */
  readonly temperature: number;
  readonly seed: number;
}

/**
 * The next token of a sequence: runs the chain over its row of logits (V, changed in place), then takes the likeliest token
 * or draws one. The draw depends on nothing but the row, the seed and the sequence's position.
 * Throws a `RangeError` if the chain removed every token.
 */
export function chooseToken(logits: Float32Array, sequence: SequenceView, options: SamplerOptions): number {
  const { chain, temperature, seed } = options;
  const { ids, logits: remaining } = candidates(chain, logits, sequence);
  const index = temperature === 0 ? likeliestToken(remaining) : drawToken(remaining, uniform(seed, sequence.position));
  if (index === undefined) throw allRemoved(sequence, logits.length);
  return ids === undefined ? index : ids[index]!;
}

/**
 * `chooseToken` from the likeliest tokens of a row, as many as the chain's `short` asks for: the same token. Throws a
 * `RangeError` if the chain removed every token.
 */
export function chooseLikeliest(likeliest: LikeliestTokens, sequence: SequenceView, options: SamplerOptions): number {
  const { temperature, seed } = options;
  const chain = options.chain.short!;
  const { tokenIds, logits } = chain.apply(likeliest, sequence);
  const index = temperature === 0 ? likeliestToken(logits) : drawToken(logits, uniform(seed, sequence.position));
  if (index === undefined) throw allRemoved(sequence, chain.vocabSize);
  return tokenIds[index]!;
}

/** How many of the likeliest tokens of a row a choice depends on; undefined if on the whole row. */
export function numLikeliestWanted({ chain, temperature }: SamplerOptions): number | undefined {
  const { short } = chain;
  const numLeft = temperature === 0 ? 1 : short?.topK;
  return numLeft === undefined ? undefined : short?.numLikeliest(numLeft);
}

/** Runs a chain over a row of logits (V) in place: what comes of each token, −∞ for those that are removed. */
export function applyChain(chain: ProcessorChain, row: Float32Array, sequence: SequenceView): void {
  putBack(candidates(chain, row, sequence), row);
}

/** The error for a chain that removes every token of a vocabulary. */
export function allRemoved({ position }: SequenceView, vocabSize: number): RangeError {
  return new RangeError(
    `Cannot choose the token at position ${position}: all ${vocabSize} tokens are removed, but one must be left`,
  );
}

/** What a chain leaves: logits by id, or of the tokens `ids`, ascending. */
interface Candidates {
  readonly ids: readonly number[] | undefined;
  readonly logits: Float32Array;
}

function candidates(chain: ProcessorChain, row: Float32Array, sequence: SequenceView): Candidates {
  for (const process of chain.processors) process(row, sequence);
  const ids = chain.isShortlisted ? remainingIds(row) : undefined;
  const logits = ids === undefined ? row : Float32Array.from(ids, (id) => row[id]!);
  for (const filter of chain.filters) filter(logits, sequence);
  if (chain.rest === undefined) return { ids, logits };
  putBack({ ids, logits }, row);
  return candidates(chain.rest, row, sequence);
}

/** The tokens that are not candidates are removed from the row already. */
function putBack({ ids, logits }: Candidates, row: Float32Array): void {
  if (ids === undefined) return;
  for (const [i, id] of ids.entries()) row[id] = logits[i]!;
}

function remainingIds(logits: Float32Array): readonly number[] {
  const { length } = logits;
  const ids: number[] = [];
  for (let id = 0; id < length; id++) if (logits[id]! > Number.NEGATIVE_INFINITY) ids.push(id);
  return ids;
}

/** The token with the highest logit, the lowest id of equals; undefined if all are removed. */
export function likeliestToken(logits: Float32Array): number | undefined {
  const highest = highestLogit(logits);
  return highest === Number.NEGATIVE_INFINITY ? undefined : logits.indexOf(highest);
}

const BLOCK = 256;

/**
 * The token at `u` (0 ≤ u < 1) of the cumulative distribution softmax(logits), ids ascending; undefined if all are removed.
 * Sums of blocks are kept so that only one block is walked a second time.
 */
export function drawToken(logits: Float32Array, u: number): number | undefined {
  const highest = highestLogit(logits);
  if (highest === Number.NEGATIVE_INFINITY) return undefined;
  const blockSums = new Float64Array(Math.ceil(logits.length / BLOCK));
  let total = 0;
  for (let block = 0; block < blockSums.length; block++) {
    blockSums[block] = sumOfBlock(logits, highest, block);
    total += blockSums[block]!;
  }
  const target = u * total;
  let before = 0;
  for (let block = 0; block < blockSums.length; block++) {
    if (before + blockSums[block]! > target) return tokenInBlock(logits, highest, block, target - before);
    before += blockSums[block]!;
  }
  // The target is below the total, which is the same sum in the same order.
  throw new RangeError(`Cannot draw a token: u is ${u}, but it must be from 0 to below 1`);
}

function sumOfBlock(logits: Float32Array, highest: number, block: number): number {
  const end = Math.min(logits.length, (block + 1) * BLOCK);
  let sum = 0;
  for (let id = block * BLOCK; id < end; id++) sum += expOfNegative(logits[id]! - highest);
  return sum;
}

/** The token at which the block's sum exceeds `target`; where rounding keeps it from that, the last with any weight. */
function tokenInBlock(logits: Float32Array, highest: number, block: number, target: number): number {
  const end = Math.min(logits.length, (block + 1) * BLOCK);
  let sum = 0;
  let token = block * BLOCK;
  for (let id = block * BLOCK; id < end && sum <= target; id++) {
    const weight = expOfNegative(logits[id]! - highest);
    if (weight === 0) continue;
    sum += weight;
    token = id;
  }
  return token;
}
