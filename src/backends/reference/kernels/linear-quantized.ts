import { QUANTIZATION_BLOCK } from '../../../quantized/quantization-scheme.ts';
import type { ReferenceQuantizedMatrix } from '../reference-quantized-matrix.ts';
import { quantizeInput } from './quantize-input.ts';

const { fround } = Math;

/** output (T, weight.rows) = input (T, weight.columns), quantised, · weightᵀ + bias (weight.rows): as `Operations.linear` says, to the bit. */
export function linearQuantized(
  output: Float32Array,
  input: Float32Array,
  weight: ReferenceQuantizedMatrix,
  bias: Float32Array | undefined,
): void {
  const { rows, columns, format } = weight;
  for (let token = 0; token < input.length / columns; token++) {
    const quantized = quantizeInput(
      input.subarray(token * columns, (token + 1) * columns),
      format.bits === 8 ? 63 : 127,
    );
    for (let row = 0; row < rows; row++) {
      const sum = product(quantized, weight, row);
      output[token * rows + row] = bias === undefined ? sum : sum + bias[row]!;
    }
  }
}

function product(
  input: ReturnType<typeof quantizeInput>,
  { values: { scheme, columns, codes, scales, minima } }: ReferenceQuantizedMatrix,
  row: number,
): number {
  const groupSize = scheme.groupSize === 'row' ? columns : scheme.groupSize;
  const firstGroup = row * Math.ceil(columns / groupSize);
  let sum = 0;
  for (let block = 0; block < input.scales.length; block++) {
    const begin = block * QUANTIZATION_BLOCK;
    const end = Math.min(columns, begin + QUANTIZATION_BLOCK);
    const group = firstGroup + Math.floor(begin / groupSize);
    let products = 0;
    let total = 0;
    for (let k = begin; k < end; k++) {
      products += input.codes[k]! * codes[row * columns + k]!;
      total += input.codes[k]!;
    }
    const scale = input.scales[block]!;
    sum = fround(sum + fround(products * fround(scale * scales[group]!)));
    if (minima !== undefined) sum = fround(sum + fround(total * fround(scale * minima[group]!)));
  }
  return sum;
}
