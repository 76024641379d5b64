import { logSumExp } from './log-sum-exp.ts';

/**
 * Hugging Face's `renormalize_logits`, a filter: turns logits into log probabilities of the tokens that are left,
 * x − log Σ exp(x). It changes no probability, so it matters only where scores are added up, as in beam search.
 */
export function renormalize(logits: Float32Array): void {
  subtractLogSum(logits, logSumExp(logits));
}

/** `renormalize` where log Σ exp(x) is known. */
export function subtractLogSum(logits: Float32Array, logSum: number): void {
  if (logSum === Number.NEGATIVE_INFINITY) return;
  const { length } = logits;
  for (let id = 0; id < length; id++) logits[id]! -= logSum;
}
