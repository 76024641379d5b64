/**
 * Removes every token that follows the last `size` − 1 tokens of `tokenIds` somewhere in `text`, since it would repeat an
 * n-gram of that size. Takes one pass over the text.
 */
export function removeRepeatedNgrams(
  logits: Float32Array,
  text: readonly number[],
  tokenIds: readonly number[],
  size: number,
): void {
  const { length } = tokenIds;
  const numBefore = size - 1;
  if (length < numBefore) return;
  for (let next = numBefore; next < text.length; next++) {
    let numEqual = 0;
    while (numEqual < numBefore && text[next - 1 - numEqual] === tokenIds[length - 1 - numEqual]) numEqual++;
    if (numEqual === numBefore) logits[text[next]!] = Number.NEGATIVE_INFINITY;
  }
}
