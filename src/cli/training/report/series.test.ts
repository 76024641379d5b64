import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisOver, tickLabels } from './axis.ts';
import { quantile, smoothed, thinned } from './series.ts';

const curve = (values: readonly number[]) => values.map((y, x) => ({ x, y }));

test('a smoothed curve is the mean around each point, and keeps straight lines', () => {
  expect(smoothed(curve([1, 4, 1, 4, 1]), 1).map(({ y }) => y)).toEqual([2.5, 2, 3, 2, 2.5]);
  expect(smoothed(curve([3, 5]), 0)).toEqual(curve([3, 5]));
  const line = curve(Array.from({ length: 400 }, (_, i) => 2 * i));
  for (const { x, y } of smoothed(line).slice(20, 380)) expect(y).toBeCloseTo(2 * x, 9);
});

test('a thinned curve keeps the order, the ends of every stretch, and what stands out', () => {
  const numbers = fc.array(fc.double({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 40 }), (values, columns) => {
      const points = curve(values);
      const kept = thinned(points, columns);
      expect(kept.length).toBeLessThanOrEqual(Math.max(2 * columns, 0));
      expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).toSorted((a, b) => a - b));
      const ys = kept.map(({ y }) => y);
      expect([Math.min(...ys), Math.max(...ys)]).toEqual([Math.min(...values), Math.max(...values)]);
    }),
  );
});

test('a quantile has its share of the values below it', () => {
  expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(quantile([5, 1, 4, 2, 3], 1)).toBe(5);
  expect(quantile([], 0.5)).toBeUndefined();
});

test.each<[low: number, high: number, count: number, labels: readonly string[]]>([
  [0, 2000, 4, ['0', '500', '1,000', '1,500', '2,000']],
  [1.44, 4.2, 5, ['2', '3', '4']],
  [0, 0.001, 3, ['0', '5e-4', '1e-3']],
  [0, 0.3, 3, ['0', '0.1', '0.2', '0.3']],
  [7, 7, 3, ['5', '10']],
  [0, 0, 4, ['-0.5', '0', '0.5']],
])('the axis from %d to %d has round ticks', (low, high, count, labels) => {
  expect(tickLabels(axisOver(low, high, { count }))).toEqual(labels);
});

test('every axis holds its values, and has at least one tick', () => {
  const number = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
  fc.assert(
    fc.property(number, number, fc.integer({ min: 3, max: 12 }), (one, other, count) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const { from, to, ticks } = axisOver(low, high, { count, room: 0.05 });
      expect(from).toBeLessThanOrEqual(low);
      expect(to).toBeGreaterThanOrEqual(high);
      expect(to).toBeGreaterThan(from);
      expect(ticks.length).toBeGreaterThanOrEqual(1);
      expect(ticks.length).toBeLessThanOrEqual(count + 1);
    }),
  );
});
