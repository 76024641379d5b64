import type { RotaryShape } from '../../../backend/backend.ts';

/**
 * Turns each pair (x, y) of a head by its angle: (x cos − y sin, y cos + x sin) (Su et al. 2021). Input and output are
 * (T, heads, headSize), cosines and sines (T, rotarySize / 2).
 */
export function rotate(
  output: Float32Array,
  input: Float32Array,
  cosines: Float32Array,
  sines: Float32Array,
  { heads, headSize, rotarySize, interleaved }: RotaryShape,
): void {
  const numPairs = rotarySize / 2;
  const numHeads = input.length / headSize; // of all tokens together
  for (let head = 0; head < numHeads; head++) {
    const token = Math.floor(head / heads);
    const start = head * headSize;
    for (let pair = 0; pair < numPairs; pair++) {
      const first = start + (interleaved ? 2 * pair : pair);
      const second = first + (interleaved ? 1 : numPairs);
      const [x, y] = [input[first]!, input[second]!];
      const cosine = cosines[token * numPairs + pair]!;
      const sine = sines[token * numPairs + pair]!;
      output[first] = x * cosine - y * sine;
      output[second] = y * cosine + x * sine;
    }
    output.set(input.subarray(start + rotarySize, start + headSize), start + rotarySize);
  }
}
