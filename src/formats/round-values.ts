import type { WeightDType } from '../backend/dtype.ts';
import { numberToBfloat16, numberToFloat16 } from '../base/float16.ts';

/** Values as they are stored in a width: to the nearest, ties to even. Those of 16 bits as their bits. */
export function roundValues(values: Float32Array, dtype: WeightDType): Float32Array | Uint16Array {
  if (dtype === 'float32') return values;
  const toBits = dtype === 'bfloat16' ? numberToBfloat16 : numberToFloat16;
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = toBits(values[i]!);
  return bits;
}
