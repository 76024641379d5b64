/**
 * Removes every token but `tokenIds`, whose logits become 0, as Hugging Face Transformers forces tokens: also those that
 * were removed before.
 */
export function forceTokens(logits: Float32Array, tokenIds: readonly number[]): void {
  logits.fill(Number.NEGATIVE_INFINITY);
  for (const id of tokenIds) logits[id] = 0;
}
