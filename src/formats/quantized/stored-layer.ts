import { QUANTIZATION_BLOCK, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../../quantized/quantized-matrix.ts';

/** A linear layer as GPTQ's and AWQ's files have it: weight = (code − zero of its group) · scale of its group. */
export interface StoredLayer {
  readonly bits: 8 | 4;
  readonly outputs: number;
  readonly inputs: number;
  /** (outputs, inputs), without sign. */
  readonly codes: Uint8Array;
  readonly groups: LayerGroups;
}

/** What the groups of a layer are. */
export interface LayerGroups {
  readonly numGroups: number;
  /** (outputs, groups) */
  readonly zeros: Int16Array;
  /** (outputs, groups) */
  readonly scales: Float32Array;
  readonly scaleDType: QuantizationScheme['scaleDType'];
  /** The group of each input. */
  readonly groupOf: Int32Array;
}

/**
 * The scheme of a layer in memory; undefined where no kernel takes it, so that its weights must become floats: inputs of a group
 * that are not a run of a multiple of 32 ("act-order" without static groups), and 8 bits with zero points.
 */
export function schemeOfLayer(
  bits: 8 | 4,
  { groupOf, zeros, scaleDType }: LayerGroups,
): QuantizationScheme | undefined {
  const groupSize = runLength(groupOf);
  const isSymmetric = zeros.every((zero) => zero === 2 ** (bits - 1));
  if (groupSize === undefined || (bits === 8 && !isSymmetric)) return undefined;
  return { bits, groupSize, isSymmetric, scaleDType };
}

/** How many inputs in a row share a group, if it is a number that kernels take. */
function runLength(groupOf: Int32Array): number | 'row' | undefined {
  const first = groupOf.findIndex((group) => group !== 0);
  if (first === -1) return 'row';
  const isRegular = first % QUANTIZATION_BLOCK === 0 && groupOf.every((group, i) => group === Math.floor(i / first));
  return isRegular ? first : undefined;
}

/** The layer in memory, to the bit. */
export function toQuantizedMatrix(layer: StoredLayer, scheme: QuantizationScheme): QuantizedMatrix {
  const { outputs: rows, inputs: columns, codes, groups } = layer;
  const { scales, zeros } = groups;
  if (!scheme.isSymmetric) {
    const minima = scales.map((scale, i) => (zeros[i] === 0 ? 0 : -scale * zeros[i]!));
    return { scheme, rows, columns, codes: Int8Array.from(codes), scales, minima };
  }
  return { scheme, rows, columns, codes: signed(codes, 2 ** (layer.bits - 1)), scales, minima: undefined };
}

/** `Int8Array.from` with a function goes through an iterator, ten times as slow. */
function signed(codes: Uint8Array, middle: number): Int8Array {
  const values = new Int8Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = codes[i]! - middle;
  return values;
}

/** Its weights (outputs, inputs) as float32. */
export function layerWeights({ outputs, inputs, codes, groups }: StoredLayer): Float32Array<ArrayBuffer> {
  const { numGroups, zeros, scales, groupOf } = groups;
  const weights = new Float32Array(outputs * inputs);
  for (let row = 0; row < outputs; row++)
    for (let i = 0; i < inputs; i++) {
      const group = row * numGroups + groupOf[i]!;
      weights[row * inputs + i] = (codes[row * inputs + i]! - zeros[group]!) * scales[group]!;
    }
  return weights;
}
