import { expOfNegative } from '../sampling/exp.ts';
import { highestLogit } from '../sampling/highest-logit.ts';
import type { BeamCandidate, BeamRow } from './likeliest-candidates.ts';

const BLOCK = 256;

/** A piece of a row. */
interface Block {
  readonly beam: number;
  /** First token id. */
  readonly start: number;
  /** Of the weights of its tokens. */
  sum: number;
}

/**
 * `count` continuations drawn without replacement from the softmax of the log probabilities of all of them, in the order of
 * drawing; fewer if no more have a probability above 0. `uniformAt(k)` is the k-th random number, from 0 to below 1. Drawn
 * tokens become −∞ in the rows.
 *
 * Set and order are distributed as when Gumbel noise is added to every log probability and the highest are taken (Kool et al.
 * 2019, Gumbel-top-k), but this takes one random number a draw, where that takes one a token. Sums of blocks are kept, so that
 * a draw walks one block of one row.
 */
export function drawCandidates(
  beams: readonly BeamRow[],
  count: number,
  uniformAt: (k: number) => number,
): readonly BeamCandidate[] {
  const highest = Math.max(...beams.map(({ logProb, row }) => logProb + highestLogit(row)));
  if (highest === Number.NEGATIVE_INFINITY) return [];
  const blocks = beams.flatMap((beam, index) => blocksOf(beam, index, highest));
  const drawn: BeamCandidate[] = [];
  while (drawn.length < count) {
    const target = chooseBlock(blocks, uniformAt(drawn.length));
    if (target === undefined) break;
    const { block, within } = target;
    const beam = beams[block.beam]!;
    const tokenId = tokenAt(beam, block.start, highest, within);
    drawn.push({ beam: block.beam, tokenId, logProb: beam.logProb + beam.row[tokenId]! });
    beam.row[tokenId] = Number.NEGATIVE_INFINITY;
    block.sum = sumOfBlock(beam, block.start, highest);
  }
  return drawn;
}

function blocksOf(beam: BeamRow, index: number, highest: number): Block[] {
  const starts = Array.from({ length: Math.ceil(beam.row.length / BLOCK) }, (_, block) => block * BLOCK);
  return starts.map((start) => ({ beam: index, start, sum: sumOfBlock(beam, start, highest) }));
}

function sumOfBlock({ logProb, row }: BeamRow, start: number, highest: number): number {
  const end = Math.min(row.length, start + BLOCK);
  let sum = 0;
  for (let id = start; id < end; id++) sum += expOfNegative(logProb + row[id]! - highest);
  return sum;
}

/** The block at `u` of the cumulative weights, and how far into it; undefined if none has any weight. */
function chooseBlock(blocks: readonly Block[], u: number): { block: Block; within: number } | undefined {
  const total = blocks.reduce((sum, block) => sum + block.sum, 0);
  const target = u * total;
  let before = 0;
  for (const block of blocks) {
    if (before + block.sum > target) return { block, within: target - before };
    before += block.sum;
  }
  return undefined;
}

/** The token at which the block's sum exceeds `within`; where rounding keeps it from that, the last with any weight. */
function tokenAt({ logProb, row }: BeamRow, start: number, highest: number, within: number): number {
  const end = Math.min(row.length, start + BLOCK);
  let sum = 0;
  let tokenId = start;
  for (let id = start; id < end && sum <= within; id++) {
    const weight = expOfNegative(logProb + row[id]! - highest);
    if (weight === 0) continue;
    sum += weight;
    tokenId = id;
  }
  return tokenId;
}
