import type { QuantizationScheme } from '../quantized/quantization-scheme.ts';
import { groupsPerRow } from '../quantized/quantization-scheme.ts';
import { emptyQuantizedMatrix, type QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import { roundScale } from '../quantized/round-scale.ts';

/** What turns the codes of a group into numbers. */
export interface GroupScale {
  readonly scale: number;
  readonly minimum: number;
}

/** Codes that a scheme gives to weights, the least and the largest. */
export function codeRange({ bits, isSymmetric }: QuantizationScheme): readonly [least: number, most: number] {
  if (!isSymmetric) return [0, 15];
  return bits === 8 ? [-127, 127] : [-8, 7];
}

/** The code whose number is nearest to a weight. */
export function nearestCode(weight: number, { scale, minimum }: GroupScale, [least, most]: readonly [number, number]) {
  if (scale === 0) return 0;
  const code = Math.round((weight - minimum) / scale);
  return code < least ? least : Math.min(code, most);
}

/**
 * Fills the scales (and minima) of a matrix with those that make the smallest error Σ importance[k] · (weight − number)² of each
 * group, and its codes with the nearest. Tried are ranges from that of the weights down to a share of it, of both signs where
 * codes reach farther on one side, and of the best the scale that is the least-squares fit to its codes. `importance` (columns) is
 * how much an error in each column matters: the mean square of its input; all alike if undefined. Throws a `RangeError` for a
 * weight that is not finite.
 */
export function quantizeBySearch(
  values: Float32Array,
  scheme: QuantizationScheme,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  importance?: Float64Array,
): QuantizedMatrix {
  const matrix = emptyQuantizedMatrix(scheme, rows, columns);
  for (let row = 0; row < rows; row++)
    searchRow(matrix, row, values.subarray(row * columns, (row + 1) * columns), importance);
  return matrix;
}

function searchRow(
  matrix: QuantizedMatrix,
  row: number,
  values: Float32Array,
  importance: Float64Array | undefined,
): void {
  const { scheme, columns, scales, minima, codes } = matrix;
  const range = codeRange(scheme);
  const groupSize = scheme.groupSize === 'row' ? columns : scheme.groupSize;
  let group = row * groupsPerRow(scheme, columns);
  for (let first = 0; first < columns; first += groupSize, group++) {
    const end = Math.min(columns, first + groupSize);
    const found = searchGroup(values.subarray(first, end), scheme, importance?.subarray(first, end));
    scales[group] = found.scale;
    if (minima !== undefined) minima[group] = found.minimum;
    for (let k = first; k < end; k++) codes[row * columns + k] = nearestCode(values[k]!, found, range);
  }
}

/** Shares of the weights' range that are tried: 1, 0.98, … */
const STEP = 0.02;
const NUM_STEPS = 21;

/** The scale of a group of weights with the smallest error. */
function searchGroup(
  values: Float32Array,
  scheme: QuantizationScheme,
  importance: Float64Array | undefined,
): GroupScale {
  const range = codeRange(scheme);
  let best: GroupScale = { scale: 0, minimum: 0 };
  let least = errorOf(values, best, range, importance);
  const consider = (candidate: GroupScale) => {
    const error = errorOf(values, candidate, range, importance);
    if (error < least) [best, least] = [candidate, error];
  };
  for (const candidate of candidates(values, scheme)) consider(candidate);
  if (scheme.isSymmetric)
    consider({ scale: roundScale(fittedScale(values, best, range, importance), scheme.scaleDType), minimum: 0 });
  return best;
}

function* candidates(values: Float32Array, scheme: QuantizationScheme): Generator<GroupScale> {
  const { bits, isSymmetric, scaleDType } = scheme;
  let least = 0;
  let most = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) throw new RangeError(`Cannot quantise: a weight is ${value}, wanted a finite number`);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const largest = Math.max(most, -least);
  for (let step = 0; step < NUM_STEPS; step++) {
    const share = 1 - step * STEP;
    if (!isSymmetric) {
      const scale = roundScale((share * (most - least)) / 15, scaleDType);
      const zero = scale === 0 ? 0 : (-share * least) / scale;
      for (const zeroPoint of new Set([Math.floor(zero), Math.ceil(zero)]))
        if (zeroPoint <= 15) yield { scale, minimum: zeroPoint === 0 ? 0 : -scale * zeroPoint };
    } else if (bits === 8) yield { scale: roundScale((share * largest) / 127, scaleDType), minimum: 0 };
    // Codes reach from −8 to 7: the larger side may be either.
    else
      for (const scale of [largest / 7, largest / 8, -largest / 8])
        yield { scale: roundScale(share * scale, scaleDType), minimum: 0 };
  }
}

function errorOf(
  values: Float32Array,
  group: GroupScale,
  range: readonly [number, number],
  importance: Float64Array | undefined,
): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) {
    const difference = values[k]! - (group.scale * nearestCode(values[k]!, group, range) + group.minimum);
    sum += (importance === undefined ? 1 : importance[k]!) * difference * difference;
  }
  return sum;
}

/** argmin over s of Σ importance · (weight − s · code)²: Σ importance · weight · code / Σ importance · code². */
function fittedScale(
  values: Float32Array,
  group: GroupScale,
  range: readonly [number, number],
  importance: Float64Array | undefined,
): number {
  let above = 0;
  let below = 0;
  for (let k = 0; k < values.length; k++) {
    const code = nearestCode(values[k]!, group, range);
    const weight = importance === undefined ? 1 : importance[k]!;
    above += weight * values[k]! * code;
    below += weight * code * code;
  }
  return below === 0 ? 0 : above / below;
}
