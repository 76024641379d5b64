import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from '../base/float16.ts';
import type { QuantizationScheme } from './quantization-scheme.ts';

/** The number of a scale dtype that is nearest to a scale. */
export function roundScale(scale: number, dtype: QuantizationScheme['scaleDType']): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(scale);
    case 'float16':
      return float16ToNumber(Math.min(0x7bff, numberToFloat16(Math.abs(scale)))) * Math.sign(scale);
    case 'bfloat16':
      return bfloat16ToNumber(numberToBfloat16(scale));
    default:
      dtype satisfies never;
      throw new TypeError(`Cannot quantise: scales are ${JSON.stringify(dtype)}`);
  }
}
