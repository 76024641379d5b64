import { describe, expect, test } from 'vitest';
import { readGoldenJson } from '../../test/goldens.ts';
import { learningRateAt, type Schedule } from './learning-rate.ts';

interface Golden {
  readonly cases: readonly {
    readonly name: Schedule['kind'];
    readonly source: string;
    readonly learningRate?: number;
    readonly dModel?: number;
    readonly numWarmupSteps: number;
    readonly numSteps?: number;
    readonly minRatio?: number;
    readonly steps: readonly number[];
    readonly learningRates: readonly number[];
  }[];
}

const { cases } = readGoldenJson<Golden>('schedules.json');

describe('learning rates by others', () => {
  const ofSource = (pattern: RegExp) => cases.filter(({ source }) => pattern.test(source));
  const named = (list: Golden['cases']) =>
    list.map((one) => [`${one.source}: ${one.name}, ${one.numWarmupSteps} steps of warm-up`, one] as const);

  test.each(named(ofSource(/nanoGPT/)))('%s', (_, one) => {
    const schedule = { warmupSteps: one.numWarmupSteps, minRatio: one.minRatio!, numSteps: one.numSteps! };
    for (const [i, step] of one.steps.entries()) {
      const rate = learningRateAt({ kind: 'cosine', ...schedule }, one.learningRate!, step);
      expect(rate, `step ${step}`).toBeCloseTo(one.learningRates[i]!, 14);
    }
  });

  // With a warm-up, their first step has a rate of 0: it is ours of the step before the first.
  test.each(named(ofSource(/transformers/)))('%s', (_, one) => {
    const shift = one.numWarmupSteps > 0 ? 1 : 0;
    const schedule = scheduleOf(one, shift);
    for (const [i, step] of one.steps.entries()) {
      if (step < shift) continue;
      // Their cosine rises again after its end.
      if (one.name === 'cosine' && step > one.numSteps!) continue;
      const rate = learningRateAt(schedule, one.learningRate!, step - shift);
      expect(rate, `step ${step}`).toBeCloseTo(one.learningRates[i]!, 14);
    }
  });

  // Their first step is 1. The highest rate, in step `numWarmupSteps`, is (d · numWarmupSteps)^-½.
  test.each(named(ofSource(/Vaswani/)))('%s', (_, one) => {
    const highest = (one.dModel! * one.numWarmupSteps) ** -0.5;
    for (const [i, step] of one.steps.entries()) {
      const rate = learningRateAt(scheduleOf(one, 1), highest, step - 1);
      expect(rate, `step ${step}`).toBeCloseTo(one.learningRates[i]!, 12);
    }
  });
});

function scheduleOf(one: Golden['cases'][number], shift: number): Schedule {
  const warmupSteps = one.numWarmupSteps - shift;
  const { minRatio = 0, numSteps = 0 } = one;
  if (one.name === 'constant') return { kind: one.name, warmupSteps };
  if (one.name === 'inverseSquareRoot') return { kind: one.name, warmupSteps, minRatio };
  return { kind: one.name, warmupSteps, minRatio, numSteps: numSteps - shift };
}

test('learning rates do not fall below their least, and stay there', () => {
  const linear: Schedule = { kind: 'linear', warmupSteps: 2, minRatio: 0.2, numSteps: 10 };
  expect([0, 1, 2, 6, 10, 11, 1000].map((step) => learningRateAt(linear, 3, step))).toEqual(
    [1, 2, 3, 1.8, 0.6, 0.6, 0.6].map((rate) => expect.closeTo(rate, 12)),
  );
  const root: Schedule = { kind: 'inverseSquareRoot', warmupSteps: 3, minRatio: 0.25 };
  expect([3, 15, 63, 255, 10_000].map((step) => learningRateAt(root, 1, step))).toEqual([1, 0.5, 0.25, 0.25, 0.25]);
});
