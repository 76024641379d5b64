import { checkLikeliest, checkLogits } from '../sampling/check-logits.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { hammingDiversity } from '../sampling/hamming-diversity.ts';
import type { LikeliestTokens } from '../sampling/likeliest-tokens.ts';
import { LogProbs } from '../sampling/log-probs.ts';
import { logSumExp } from '../sampling/log-sum-exp.ts';
import { subtractLogSum } from '../sampling/renormalize.ts';
import { applyChain } from '../sampling/sampler.ts';
import type { BeamRow } from './likeliest-candidates.ts';
import type { Hypothesis } from './search-strategy.ts';

/** What a beam is scored with. */
export interface BeamScoring {
  /** Of the beam. */
  readonly logProb: number;
  readonly chain: ProcessorChain;
  /** Lowers a row of scores (V) where beams are to differ. */
  readonly diversity: { readonly chosenByOthers: readonly number[]; readonly penalty: number };
  /** Whether the log probabilities before processing are wanted. */
  readonly keepsRaw: boolean;
}

export interface ScoredRow extends BeamRow {
  /** The log probabilities before processing, where they are wanted. */
  readonly raw: LogProbs | undefined;
}

/**
 * Makes processed log probabilities of the logits after a beam, in place, or of the likeliest of them: the same numbers, though
 * of two that are equal only once they are rounded the likeliest tokens may lack the one with the lower logit.
 */
export function scoreBeam(hypothesis: Hypothesis, scoring: BeamScoring): ScoredRow {
  const { rows, likeliest, logSums, sequence } = hypothesis;
  if (likeliest !== undefined) return scoreLikeliest(likeliest[0]!, logSums![0]!, sequence, scoring);
  const { logProb, chain, diversity, keepsRaw } = scoring;
  const row = rows[0]!;
  checkLogits(row, sequence.position, chain);
  const raw = keepsRaw ? new LogProbs(row) : undefined;
  subtractLogSum(row, logSumOf(row, logSums?.[0], chain));
  hammingDiversity(row, diversity.chosenByOthers, diversity.penalty);
  applyChain(chain, row, sequence);
  return { logProb, row, raw };
}

/** What is known of a raw row holds unless invalid values were taken out of it. */
function logSumOf(row: Float32Array, known: number | undefined, chain: ProcessorChain): number {
  const isKnown = Number.isFinite(known) && !chain.removesInvalidValues;
  return isKnown ? known! : logSumExp(row);
}

function scoreLikeliest(
  tokens: LikeliestTokens,
  logSum: number,
  sequence: Hypothesis['sequence'],
  { logProb, chain, diversity: { chosenByOthers, penalty } }: BeamScoring,
): ScoredRow {
  checkLikeliest(tokens, sequence.position);
  const scores = tokens.logits.slice();
  subtractLogSum(scores, logSum);
  const lower = (all: Float32Array) => hammingDiversity(all, chosenByOthers, penalty);
  const { tokenIds, logits } = chain.short!.apply(
    { tokenIds: tokens.tokenIds, logits: scores },
    sequence,
    chosenByOthers.length > 0 ? lower : undefined,
  );
  return { logProb, row: logits, tokenIds, raw: undefined };
}
