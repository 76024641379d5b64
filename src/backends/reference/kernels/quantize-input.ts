import { QUANTIZATION_BLOCK } from '../../../quantized/quantization-scheme.ts';

const { fround } = Math;

/** Blocks whose largest magnitude is less are zeros. */
const LEAST = 2 ** -100;

/** A row of input as codes −limit … limit, with a scale for each block. */
export function quantizeInput(row: Float32Array, limit: number) {
  const codes = new Int8Array(row.length);
  const scales = new Float32Array(Math.ceil(row.length / QUANTIZATION_BLOCK));
  for (let block = 0; block < scales.length; block++) {
    const begin = block * QUANTIZATION_BLOCK;
    const values = row.subarray(begin, begin + QUANTIZATION_BLOCK);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest < LEAST) continue;
    scales[block] = largest / limit;
    const inverse = fround(limit / largest);
    for (const [i, value] of values.entries()) codes[begin + i] = roundHalfToEven(fround(value * inverse));
  }
  return { codes, scales };
}

/** To the nearest integer of magnitudes below 2²², as float32 arithmetic rounds. */
function roundHalfToEven(value: number): number {
  return fround(value + 12582912) - 12582912;
}
