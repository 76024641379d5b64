import { logSumExp } from './log-sum-exp.ts';
import { rankCut } from './rank-cut.ts';

/** A token and the natural logarithm of its probability. */
export interface TokenLogProb {
  readonly tokenId: number;
  readonly logProb: number;
}

/**
 * Log probabilities of a row of logits (V), in float64: x − log Σ exp(x). Made from the model's raw logits, so that
 * temperature, filters and penalties do not show in them.
 */
export class LogProbs {
  readonly #logits: Float32Array;
  readonly #logSumExp: number;

  /** Copies `logits`, so that processors may change the row afterwards. */
  constructor(logits: Float32Array) {
    this.#logits = logits.slice();
    this.#logSumExp = logSumExp(logits);
  }

  /** Log probability of one token. */
  of(tokenId: number): number {
    return this.#logits[tokenId]! - this.#logSumExp;
  }

  /** The `count` likeliest tokens (at most V), likeliest first, lower id first among equals. */
  top(count: number): readonly TokenLogProb[] {
    return likeliestTokens(this.#logits, count).map((tokenId) => ({ tokenId, logProb: this.of(tokenId) }));
  }
}

function likeliestTokens(logits: Float32Array, count: number): number[] {
  const size = Math.min(count, logits.length);
  if (size === 0) return [];
  const { value, numEqual } = rankCut(logits, size);
  const { length } = logits;
  const ids: number[] = [];
  let equalLeft = numEqual;
  for (let id = 0; id < length; id++) {
    if (logits[id]! > value || (logits[id] === value && equalLeft-- > 0)) ids.push(id);
  }
  return ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
}
