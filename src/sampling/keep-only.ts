/** Removes every token but those of `tokenIds`; `kept` is scratch for at least as many logits. */
export function keepOnly(logits: Float32Array, tokenIds: readonly number[], kept: Float32Array): void {
  const { length } = tokenIds;
  for (let i = 0; i < length; i++) kept[i] = logits[tokenIds[i]!]!;
  logits.fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < length; i++) logits[tokenIds[i]!] = kept[i]!;
}
