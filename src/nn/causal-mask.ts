/**
 * The causal mask M (size, size), row-major: 0 where j ≤ i, −∞ where j > i, so that position i attends to positions up to
 * its own. The engine never makes this matrix (`causal: true` says the same); it is here to be looked at and passed around.
 *
 * @example
 * causalMask(2); // Float32Array [0, -Infinity, 0, 0]
 */
export function causalMask(size: number): Float32Array {
  const mask = new Float32Array(size * size);
  for (let i = 0; i < size; i++) mask.fill(Number.NEGATIVE_INFINITY, i * size + i + 1, (i + 1) * size);
  return mask;
}
