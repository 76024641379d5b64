import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGoldenJson } from '../../test/goldens.ts';
import { QUANTIZATIONS, type QuantizationScheme } from '../quantized/quantization-scheme.ts';
import { dequantize } from '../quantized/quantized-matrix.ts';
import { quantizeToNearest } from '../quantized/round-to-nearest.ts';
import { gptq } from './gptq.ts';
import { inverseFactor } from './inverse-factor.ts';
import { outputError } from './output-error.ts';
import { quantizeBySearch } from './scale-search.ts';

interface Case {
  readonly scheme: QuantizationScheme;
  readonly activationOrder: boolean;
  readonly codes: readonly number[];
  readonly scales: string;
  readonly minima: string | null;
}

interface Golden {
  readonly rows: number;
  readonly columns: number;
  readonly weights: string;
  readonly hessian: string;
  readonly cases: readonly Case[];
}

const golden = readGoldenJson<Golden>('gptq.json');
const floats = (hex: string) => new Float32Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer);

test.each(golden.cases)(
  'gives the codes of the paper’s own recursion ($scheme, in activation order: $activationOrder)',
  (one) => {
    const { activationOrder } = one;
    const hessian = Float64Array.from(floats(golden.hessian));
    const matrix = gptq(floats(golden.weights), hessian, one.scheme, golden, { activationOrder });
    expect(matrix.scales).toEqual(floats(one.scales));
    expect(matrix.minima).toEqual(one.minima === null ? undefined : floats(one.minima));
    expect([...matrix.codes]).toEqual(one.codes);
  },
);

/** Weights and the Hessian of inputs that are correlated: each mixes a few hidden causes. */
function correlated(random: () => number, rows: number, columns: number) {
  const normal = () => random() + random() + random() - 1.5;
  const weights = Float32Array.from({ length: rows * columns }, normal);
  const causes = Math.ceil(columns / 4);
  const mixing = Float64Array.from({ length: causes * columns }, normal);
  const hessian = new Float64Array(columns * columns);
  for (let token = 0; token < 4 * columns; token++) {
    const cause = Float64Array.from({ length: causes }, normal);
    const input = Float64Array.from({ length: columns }, (_, k) =>
      cause.reduce((sum, value, i) => sum + value * mixing[i * columns + k]!, 0.1 * normal()),
    );
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) hessian[i * columns + j]! += input[i]! * input[j]!;
  }
  return { weights, hessian };
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('on correlated inputs', () => {
  const schemes = [QUANTIZATIONS.int8, QUANTIZATIONS.int4, QUANTIZATIONS['int4-zero-point'], QUANTIZATIONS['int4-128']];
  test('GPTQ changes the output less than the search, and that less than rounding to nearest', () => {
    const input = fc.record({
      seed: fc.nat(),
      columns: fc.integer({ min: 33, max: 100 }),
      scheme: fc.constantFrom(...schemes),
    });
    fc.assert(
      fc.property(input, ({ seed, columns, scheme }) => {
        const rows = 12;
        const { weights, hessian } = correlated(seeded(seed), rows, columns);
        const importance = Float64Array.from({ length: columns }, (_, k) => hessian[k * columns + k]!);
        const shape = { rows, columns };
        const errorOf = (matrix: Parameters<typeof dequantize>[0]) =>
          outputError(weights, dequantize(matrix), hessian, columns);
        const nearest = errorOf(quantizeToNearest(weights, scheme, rows, columns));
        expect(errorOf(gptq(weights, hessian, scheme, shape))).toBeLessThan(0.7 * nearest);
        expect(errorOf(gptq(weights, hessian, scheme, shape, { activationOrder: false }))).toBeLessThan(0.7 * nearest);

        // The search makes the sum of squares itself small, not the output's error.
        const squares = (matrix: Parameters<typeof dequantize>[0]) =>
          dequantize(matrix).reduce((sum, value, i) => sum + importance[i % columns]! * (value - weights[i]!) ** 2, 0);
        const searched = squares(quantizeBySearch(weights, scheme, shape, importance));
        expect(searched).toBeLessThanOrEqual(squares(quantizeToNearest(weights, scheme, rows, columns)) * (1 + 1e-6));
      }),
      { numRuns: 30 },
    );
  });
});

test('the factor is that of the damped inverse', () => {
  const n = 7;
  const { hessian } = correlated(seeded(3), 1, n);
  const factor = inverseFactor(hessian, n, 0.05);
  const mean = Array.from({ length: n }, (_, i) => hessian[i * n + i]!).reduce((sum, value) => sum + value, 0) / n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) expect(factor[i * n + j]).toBe(0);
    for (let j = 0; j < n; j++) {
      // (Uᵀ · U) · (H + d · I) is the identity.
      let sum = 0;
      for (let k = 0; k < n; k++) {
        let inverse = 0;
        for (let m = 0; m < n; m++) inverse += factor[m * n + i]! * factor[m * n + k]!;
        sum += inverse * (hessian[k * n + j]! + (k === j ? 0.05 * mean : 0));
      }
      expect(sum).toBeCloseTo(i === j ? 1 : 0, 9);
    }
  }
});

test('what is no Hessian is refused', () => {
  const wrong = 'the calibration gives no positive definite Hessian';
  expect(() => inverseFactor(new Float64Array(4), 2, 0.01)).toThrow(wrong);
  expect(() => inverseFactor(Float64Array.of(1, 3, 3, 1), 2, 0.01)).toThrow(wrong);
  expect(() => inverseFactor(Float64Array.of(Number.NaN, 0, 0, 1), 2, 0.01)).toThrow(wrong);
  const values = Float32Array.of(1, Number.POSITIVE_INFINITY);
  expect(() => quantizeBySearch(values, QUANTIZATIONS.int4, { rows: 1, columns: 2 })).toThrow('a weight is Infinity');
});
