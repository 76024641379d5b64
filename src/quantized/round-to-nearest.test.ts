import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bfloat16ToNumber, numberToBfloat16 } from '../base/float16.ts';
import { describeScheme, QUANTIZATIONS, type QuantizationScheme } from './quantization-scheme.ts';
import { checkQuantizedValues, dequantize } from './quantized-matrix.ts';
import { roundScale } from './round-scale.ts';
import { quantizeToNearest } from './round-to-nearest.ts';

const schemes = Object.entries(QUANTIZATIONS) as readonly (readonly [string, QuantizationScheme])[];

test('8 bits: the largest magnitude of a group is code ±127', () => {
  const { codes, scales, minima } = quantizeToNearest(new Float32Array([1, -0.5, 0.25, 0]), QUANTIZATIONS.int8, 1, 4);
  expect(scales).toEqual(new Float32Array([bfloat16ToNumber(numberToBfloat16(1 / 127))]));
  expect([...codes]).toEqual([127, -64, 32, 0]);
  expect(minima).toBeUndefined();
});

test('4 bits: the number of the largest magnitude is code −8, whatever its sign', () => {
  for (const sign of [1, -1]) {
    const { codes, scales } = quantizeToNearest(new Float32Array([sign, -sign / 2, 0]), QUANTIZATIONS.int4, 1, 3);
    expect([scales[0], ...codes]).toEqual([-sign / 8, -8, 4, 0]);
  }
});

test('With minima there is a code for 0, and the range of the group is 16 codes', () => {
  const scheme = { ...QUANTIZATIONS['int4-zero-point'], scaleDType: 'float32' } as const;
  const matrix = quantizeToNearest(new Float32Array([-3, 12, 0, 5]), scheme, 1, 4);
  expect([...matrix.codes]).toEqual([0, 15, 3, 8]);
  expect([matrix.scales[0], matrix.minima?.[0]]).toEqual([1, -3]);
  expect([...dequantize(matrix)]).toEqual([-3, 12, 0, 5]);
});

test('Groups end with their row, and each has its own scale', () => {
  const values = Float32Array.from({ length: 2 * 70 }, (_, i) => i + 1);
  const matrix = quantizeToNearest(values, QUANTIZATIONS.int8, 2, 70);
  expect(matrix.scales).toHaveLength(2 * 3);
  expect(matrix.scales[2]).toBe(roundScale(70 / 127, 'bfloat16'));
  expect(quantizeToNearest(values, QUANTIZATIONS['int8-row'], 2, 70).scales).toHaveLength(2);
});

describe.each(schemes)('%s', (_, scheme) => {
  const step = scheme.bits === 8 ? 1 / 127 : 1 / 7;

  test('No number is further from its own than a step of its row, and zeros are exact', () => {
    const finite = fc.float({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 150 }), (numbers) => {
        const values = Float32Array.from(numbers);
        const matrix = quantizeToNearest(values, scheme, 1, values.length);
        checkQuantizedValues('test', matrix, scheme, { count: 1, columns: values.length });
        const largest = Math.max(...values.map(Math.abs));
        for (const [k, value] of dequantize(matrix).entries()) {
          expect(Math.abs(value - values[k]!)).toBeLessThanOrEqual(1.01 * step * largest + 1e-30);
          if (values[k] === 0) expect(value + 0).toBe(0);
        }
      }),
    );
  });

  test('Zeros stay zeros, and what is not finite is refused', () => {
    expect(dequantize(quantizeToNearest(new Float32Array(40), scheme, 1, 40))).toEqual(new Float32Array(40));
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY])
      expect(() => quantizeToNearest(new Float32Array([0, value]), scheme, 1, 2)).toThrow(
        `Cannot quantise: a weight is ${value}, wanted a finite number`,
      );
  });

  test('Values of other lengths are refused', () => {
    const values = quantizeToNearest(new Float32Array(80), scheme, 1, 80);
    const shape = { count: 1, columns: 80 };
    const check = (changes: object) => () => checkQuantizedValues('write', { ...values, ...changes }, scheme, shape);
    expect(check({ codes: new Int8Array(79) })).toThrow('Cannot write: 79 codes, wanted 80');
    expect(check({ scales: new Float32Array(9) })).toThrow('Cannot write: 9 scales, wanted ');
    const minima = scheme.isSymmetric ? new Float32Array(1) : undefined;
    expect(check({ minima })).toThrow(/Cannot write: [01] minima, wanted \d/);
  });
});

test('Codes of 4 bits beyond 4 bits are refused', () => {
  const values = { codes: new Int8Array([8]), scales: new Float32Array(1), minima: undefined };
  const shape = { count: 1, columns: 1 };
  expect(() => checkQuantizedValues('write', values, QUANTIZATIONS.int4, shape)).toThrow('code 8, wanted -8 to 7');
});

test.each([
  [{ bits: 3 }, '3 bits, wanted 8 or 4'],
  [{ groupSize: 48 }, 'groups of 48 columns, wanted a multiple of 32 or "row"'],
  [{ bits: 8, isSymmetric: false }, '8 bits with minima'],
  [{ scaleDType: 'int8' }, 'scales are "int8", wanted float32, float16, bfloat16'],
])('A scheme with %o is refused', (change, message) => {
  const scheme = { ...QUANTIZATIONS.int4, ...change } as QuantizationScheme;
  expect(() => quantizeToNearest(new Float32Array(1), scheme, 1, 1)).toThrow(message);
});

test('A scheme in words', () => {
  expect(describeScheme(QUANTIZATIONS.int4)).toBe('int4, groups of 32, bfloat16 scales');
  expect(describeScheme(QUANTIZATIONS['int8-row'])).toBe('int8, a scale a row, bfloat16 scales');
});

test('Scales of float16 end at 65504', () => {
  expect(roundScale(-1e6, 'float16')).toBe(-65504);
  expect(roundScale(0.1, 'float16')).toBe(0.0999755859375);
});
