import { expect, test } from 'vitest';
import { StepCosts } from './step-costs.ts';

function measured(points: readonly (readonly [numRows: number, ms: number])[]): StepCosts {
  const costs = new StepCosts();
  for (const [numRows, ms] of points) costs.record(numRows, ms);
  return costs;
}

test('Nothing is known before the first measurement', () => {
  expect(new StepCosts().estimate(1)).toBeUndefined();
});

test('One number of rows tells nothing of others: all cost the same', () => {
  const costs = measured([[4, 10]]);
  expect([1, 4, 9].map((numRows) => costs.estimate(numRows))).toEqual([10, 10, 10]);
});

test('Numbers of rows that were not measured lie on a line through the others', () => {
  const costs = measured([
    [1, 10],
    [3, 14],
  ]);
  expect(costs.estimate(2)).toBeCloseTo(12, 10);
  expect(costs.estimate(6)).toBeCloseTo(20, 10);
});

test('A number of rows that was measured often is its own mean, on the line or not', () => {
  const costs = new StepCosts();
  for (let i = 0; i < 30; i++)
    for (const [numRows, ms] of [
      [1, 10],
      [4, 11],
      [5, 20],
    ] as const)
      costs.record(numRows, ms);
  expect(costs.estimate(1)).toBeCloseTo(10, 0);
  expect(Math.abs(costs.estimate(4)! - 11)).toBeLessThan(0.6);
  expect(Math.abs(costs.estimate(5)! - 20)).toBeLessThan(0.6);
});

test('An estimate is never below the share of more rows, nor falling', () => {
  const costs = measured([
    [100, 100],
    [4, 200],
    [8, 300],
  ]);
  expect(costs.estimate(1)!).toBeGreaterThanOrEqual(1);
  const falling = measured([
    [1, 20],
    [4, 10],
  ]);
  expect(falling.estimate(8)).toBeGreaterThanOrEqual(10);
  const steep = measured([
    [100, 1000],
    [101, 2000],
  ]);
  expect(steep.estimate(1)).toBe(10);
});

test('A slow first measurement is soon outweighed', () => {
  const costs = measured([[1, 1000]]);
  for (let i = 0; i < 100; i++) costs.record(1, 10);
  expect(costs.estimate(1)!).toBeLessThan(13);
});

test('Measurements of long ago are forgotten', () => {
  const costs = measured([[7, 1000]]);
  for (let i = 0; i < 300; i++) costs.record(1, 10);
  expect(costs.isMeasured(7)).toBe(false);
  expect(costs.numMeasured).toBe(1);
  expect(costs.estimate(7)).toBeCloseTo(10, 6);
});
