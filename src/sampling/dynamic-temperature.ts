import type { LogitsFilter } from './logits-processor.ts';
import { removeBelow } from './remove-below.ts';
import { softmaxMoments } from './softmax-moments.ts';

export interface DynamicTemperatureOptions {
  /** The middle, above 0. */
  readonly temperature: number;
  /** How far below and above it goes, but not below 0. */
  readonly range: number;
  readonly exponent: number;
  /** Whether the highest logit becomes 0, as in `temperature`; true unless given. */
  readonly isShifted?: boolean | undefined;
}

/**
 * Entropy-based dynamic temperature (kalomaze 2023, as in llama.cpp): T = low + (high − low) · (H / ln n)^exponent, where H is
 * the entropy of the row in nats, n the number of tokens that are left, and low and high are temperature ∓ range. A model
 * that is sure is kept so; one that is not may choose freely. Logits become (x − max x) / T, or x / T if they are not shifted;
 * at T = 0 the highest alone stay.
 */
export function dynamicTemperature(options: DynamicTemperatureOptions): LogitsFilter {
  const { temperature, range, exponent, isShifted = true } = options;
  if (!(temperature > 0 && range >= 0 && temperature + range < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `Cannot scale logits: temperature is ${temperature} and range ${range}, but they must be finite, above 0 and at least 0`,
    );
  }
  if (!(exponent > 0 && exponent < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot scale logits: the exponent is ${exponent}, but it must be finite and above 0`);
  }
  const low = Math.max(0, temperature - range);
  const high = temperature + range;
  return (logits) => {
    const numLeft = countLeft(logits);
    // One token has no entropy to compare with.
    if (numLeft <= 1) return;
    const { highest, logSumExp, mean } = softmaxMoments(logits);
    // Rounding may put an entropy just outside of its range.
    const share = Math.min(1, Math.max(0, (logSumExp - mean) / Math.log(numLeft)));
    const value = low + (high - low) * share ** exponent;
    if (value === 0) removeBelow(logits, highest);
    else scale(logits, isShifted ? highest : 0, value);
  };
}

function countLeft(logits: Float32Array): number {
  const { length } = logits;
  let count = 0;
  for (let id = 0; id < length; id++) if (logits[id]! > Number.NEGATIVE_INFINITY) count++;
  return count;
}

function scale(logits: Float32Array, zero: number, value: number): void {
  const { length } = logits;
  for (let id = 0; id < length; id++) logits[id] = (logits[id]! - zero) / value;
}
