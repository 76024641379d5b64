import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyProcessor } from '../../test/apply-processor.ts';
import { type DynamicTemperatureOptions, dynamicTemperature } from './dynamic-temperature.ts';

const REMOVED = Number.NEGATIVE_INFINITY;
const OPTIONS: DynamicTemperatureOptions = { temperature: 1, range: 0.5, exponent: 1 };

/** Entropy from probabilities, then every logit over the temperature, the highest at 0. */
function slowly(logits: readonly number[], { temperature, range, exponent }: DynamicTemperatureOptions): number[] {
  const left = logits.filter((logit) => logit !== REMOVED);
  const total = left.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const entropy = left.reduce((sum, logit) => {
    const p = Math.exp(logit) / total;
    return p > 0 ? sum - p * Math.log(p) : sum;
  }, 0);
  const low = Math.max(0, temperature - range);
  const value = low + (temperature + range - low) * (entropy / Math.log(left.length)) ** exponent;
  const highest = Math.max(...left);
  return logits.map((logit) => (logit === highest ? 0 : (logit - highest) / value));
}

test('Tokens that are all as likely get the highest temperature', () => {
  const row = applyProcessor(dynamicTemperature(OPTIONS), [2, 2, 2, REMOVED]);
  expect(row).toEqual([0, 0, 0, REMOVED]);
});

test('A model that is sure gets the lowest temperature', () => {
  const row = applyProcessor(dynamicTemperature(OPTIONS), [50, 0]);
  expect(row[0]).toBe(0);
  expect(row[1]).toBeCloseTo(-50 / 0.5, 3);
});

test('At temperature 0 the highest alone stay', () => {
  const row = applyProcessor(dynamicTemperature({ temperature: 0.5, range: 2, exponent: 1 }), [2000, 0, 2000, 1]);
  // Two of equal probability among four: entropy is half of the highest, so that the temperature is not 0.
  expect(row[1]).toBe(-2000 / 1.25);
  const sure = applyProcessor(dynamicTemperature({ temperature: 0.5, range: 0.5, exponent: 1 }), [2000, 0, 1]);
  expect(sure).toEqual([2000, REMOVED, REMOVED]);
});

test('Scores that are added up are not shifted', () => {
  const row = applyProcessor(dynamicTemperature({ ...OPTIONS, isShifted: false }), [-2, -2, -2, REMOVED]);
  expect(row).toEqual([-2 / 1.5, -2 / 1.5, -2 / 1.5, REMOVED].map(Math.fround));
});

test('A row with one token, or none, is left alone', () => {
  expect(applyProcessor(dynamicTemperature(OPTIONS), [REMOVED, 3])).toEqual([REMOVED, 3]);
  expect(applyProcessor(dynamicTemperature(OPTIONS), [REMOVED])).toEqual([REMOVED]);
});

test('It computes what the definition says', () => {
  const logit = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -40, max: 40 }) }, fc.constant(REMOVED));
  const row = fc
    .array(
      logit.map((it) => it / 8),
      { minLength: 2, maxLength: 20 },
    )
    .filter((logits) => logits.filter((it) => it !== REMOVED).length > 1);
  const options = fc.record({
    temperature: fc.constantFrom(0.5, 1, 1.5),
    range: fc.constantFrom(0.2, 0.4),
    exponent: fc.constantFrom(0.5, 1, 2),
  });
  const property = fc.property(row, options, (logits, given) => {
    const expected = slowly(logits, given);
    for (const [id, value] of applyProcessor(dynamicTemperature(given), logits).entries()) {
      if (expected[id] === REMOVED) expect(value).toBe(REMOVED);
      else expect(value).toBeCloseTo(expected[id]!, 4);
    }
  });
  fc.assert(property);
});

test.each([
  [{ temperature: 0 }, 'temperature is 0 and range 0.5, but they must be finite, above 0 and at least 0'],
  [{ range: -1 }, 'temperature is 1 and range -1, but they must be finite, above 0 and at least 0'],
  [{ exponent: 0 }, 'the exponent is 0, but it must be finite and above 0'],
])('%j is rejected', (options, problem) => {
  expect(() => dynamicTemperature({ ...OPTIONS, ...options })).toThrow(
    new RangeError(`Cannot scale logits: ${problem}`),
  );
});
