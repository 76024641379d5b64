import { applyCut } from './cut.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { rankCut } from './rank-cut.ts';
import { removeBelow } from './remove-below.ts';
import { type SoftmaxMoments, softmaxMoments } from './softmax-moments.ts';
import { SurpriseControl } from './surprise-control.ts';

export interface MirostatOptions {
  /** The surprise in bits that the text has on average, τ. */
  readonly tau: number;
  /** How much of an error is corrected at the next token, η. */
  readonly eta: number;
}

/** How many of the likeliest tokens the exponent of the vocabulary is estimated from (m of the paper). */
const NUM_ESTIMATED_FROM = 100;

/**
 * Mirostat (Basu et al. 2021, algorithm 1): keeps the k likeliest tokens, where k follows from the limit μ on surprise if the
 * probabilities fall off as Zipf's law says: k = (ε · 2^μ / (1 − V^−ε))^(1/s), ε = s − 1, with the exponent s estimated from
 * the 100 likeliest. μ is steered by the surprise of the tokens that are chosen (see `SurpriseControl`), which is that of the
 * row before the cut, as in the paper; llama.cpp takes the one after it.
 *
 * It remembers the rows of one sequence, and finds out what was chosen when it is called for the next token.
 */
export function mirostat1(options: MirostatOptions): LogitsProcessor {
  return controlled(options, (logits, limit) => {
    const k = numLikeliest(exponentOf(likeliest(logits)), limit, logits.length);
    if (k < logits.length) applyCut(logits, rankCut(logits, k));
  });
}

/**
 * Mirostat 2.0 (the same authors, without an estimate): keeps the tokens whose surprise is at most the limit μ, and the
 * likeliest in any case. Otherwise as `mirostat1`.
 */
export function mirostat2(options: MirostatOptions): LogitsProcessor {
  return controlled(options, (logits, limit, { highest, logSumExp }) => {
    const lowestKept = logSumExp - limit * Math.LN2;
    if (lowestKept > highest) applyCut(logits, rankCut(logits, 1));
    else removeBelow(logits, lowestKept);
  });
}

function controlled(
  { tau, eta }: MirostatOptions,
  cut: (logits: Float32Array, limit: number, moments: SoftmaxMoments) => void,
): LogitsProcessor {
  if (!(tau > 0 && tau < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot steer surprise: tau is ${tau}, but it must be finite and above 0`);
  }
  if (!(eta > 0 && eta < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot steer surprise: eta is ${eta}, but it must be finite and above 0`);
  }
  const control = new SurpriseControl({ target: tau, rate: eta });
  return (logits, sequence) => {
    const moments = softmaxMoments(logits);
    if (moments.highest === Number.NEGATIVE_INFINITY) return;
    const limit = control.limitFor(sequence);
    cut(logits, limit, moments);
    control.remember(sequence, limit, logits, moments.logSumExp);
  };
}

/** The highest logits, highest first, that are not removed. */
function likeliest(logits: Float32Array): Float32Array {
  const { value } = rankCut(logits, Math.min(NUM_ESTIMATED_FROM, logits.length));
  const above = logits.filter((logit) => logit >= value && logit > Number.NEGATIVE_INFINITY);
  return above.sort().reverse().subarray(0, NUM_ESTIMATED_FROM);
}

/**
 * The exponent s of Zipf's law by least squares over neighbours in rank: s = Σ t b / Σ t², t = ln((i + 1) / i) and
 * b = ln(p of rank i / p of rank i + 1).
 */
function exponentOf(ranked: Float32Array): number {
  let products = 0;
  let squares = 0;
  for (let rank = 1; rank < ranked.length; rank++) {
    const t = Math.log((rank + 1) / rank);
    products += t * (ranked[rank - 1]! - ranked[rank]!);
    squares += t * t;
  }
  return products / squares;
}

/** How many of V tokens under Zipf's law of exponent s have at most this surprise; at least 1. */
function numLikeliest(s: number, limit: number, vocabSize: number): number {
  const epsilon = s - 1;
  // ε / (1 − V^−ε) goes to 1 / ln V as ε goes to 0.
  const scale = Math.abs(epsilon) < 1e-9 ? 1 / Math.log(vocabSize) : epsilon / (1 - vocabSize ** -epsilon);
  const k = Math.floor((scale * 2 ** limit) ** (1 / s));
  // NaN where there is one token, or where all are equally likely and 1 is taken to the power of ∞.
  return Number.isNaN(k) ? 1 : Math.min(vocabSize, Math.max(1, k));
}
