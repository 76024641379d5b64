import { transposed } from '../../base/transposed.ts';
import { groupsPerRow } from '../../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../../quantized/quantized-matrix.ts';
import { roundValues } from '../round-values.ts';
import type { TensorToWrite } from '../write-safetensors.ts';
import { inOrder, packRows } from './packed-codes.ts';

/**
 * A matrix as GPTQ's files have a layer, in the first version of the layout, whose zero points are stored less 1: `qweight`
 * (inputs · bits / 32, outputs), `qzeros` (groups, outputs · bits / 32), `scales` (groups, outputs) in float16, `g_idx` (inputs). Throws a
 * `RangeError` for sizes that fill no whole words, and scales that are not of float16.
 */
export function gptqTensors(layer: string, matrix: QuantizedMatrix): readonly TensorToWrite[] {
  const { scheme, rows, columns } = matrix;
  const { bits, scaleDType } = scheme;
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot write layer ${layer} in GPTQ's layout: ${problem}`);
  };
  const count = 32 / bits;
  if (columns % count !== 0) fail(`it has ${columns} inputs, wanted a multiple of ${count}`);
  if (rows % count !== 0) fail(`it has ${rows} outputs, wanted a multiple of ${count}`);
  if (scaleDType !== 'float16') fail(`its scales are ${scaleDType}, wanted float16`);
  const numGroups = groupsPerRow(scheme, columns);
  const tensor = (part: string, dtype: 'int32' | 'float16', shape: readonly number[], data: () => ArrayBufferView) => ({
    name: `${layer}.${part}`,
    dtype,
    shape,
    data: async () => data(),
  });
  return [
    tensor('qweight', 'int32', [columns / count, rows], () => packedCodes(matrix)),
    tensor('qzeros', 'int32', [numGroups, rows / count], () => packedZeros(matrix, numGroups)),
    tensor('scales', 'float16', [numGroups, rows], () => roundValues(transposed(matrix.scales, numGroups), 'float16')),
    tensor('g_idx', 'int32', [columns], () => groupIndex(matrix)),
  ];
}

/** Packed along the inputs, which become rows. */
function packedCodes({ scheme, codes, columns }: QuantizedMatrix): Int32Array {
  const { bits, isSymmetric } = scheme;
  const middle = isSymmetric ? 2 ** (bits - 1) : 0;
  const words = packRows(
    Uint8Array.from(codes, (code) => code + middle),
    inOrder(bits),
  );
  return transposed(words, (columns * bits) / 32);
}

function packedZeros({ scheme, scales, minima }: QuantizedMatrix, numGroups: number): Int32Array {
  const { bits } = scheme;
  // Any zero point does for a group of zeros. 1 is stored as no bits; 0 as all bits, to which readers that add 1 to whole words carry.
  const zeroOf = (minimum: number, i: number) => (scales[i] === 0 ? 1 : Math.round(-minimum / scales[i]!));
  const zeros = minima === undefined ? scales.map(() => 2 ** (bits - 1)) : minima.map(zeroOf);
  const stored = Uint8Array.from(transposed(zeros, numGroups), (zero) => (zero - 1) & (2 ** bits - 1));
  return packRows(stored, inOrder(bits));
}

function groupIndex({ scheme, columns }: QuantizedMatrix): Int32Array {
  const size = scheme.groupSize === 'row' ? columns : scheme.groupSize;
  return Int32Array.from({ length: columns }, (_, i) => Math.floor(i / size));
}
