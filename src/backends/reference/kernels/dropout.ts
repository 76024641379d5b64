import { dropoutHash } from '../../../backend/training-operations.ts';

/** output[i] = input[i] / (1 − rate), or 0 with probability `rate`. */
export function dropout(
  output: Float32Array,
  input: Float32Array,
  { seed, rate }: { readonly seed: number; readonly rate: number },
): void {
  const factor = Math.fround(1 / (1 - rate));
  for (let i = 0; i < input.length; i++) output[i] = dropoutHash(seed, i) >= rate * 2 ** 32 ? input[i]! * factor : 0;
}
