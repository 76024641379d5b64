import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyProcessor, keptIds } from '../../test/apply-processor.ts';
import { typical } from './typical.ts';

/** Distances of surprise from entropy, and probabilities, straight from the definition. */
function surprises(logits: Float32Array): { distances: number[]; probabilities: number[] } {
  const highest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const probabilities = weights.map((weight) => weight / total);
  const entropy = probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  return { distances: probabilities.map((p) => Math.abs(-Math.log(p) - entropy)), probabilities };
}

/** By a sort of everything; tokens nearer than `slack` to the last one are kept with it. */
function sortedTypical(logits: Float32Array, p: number, slack: number): number[] {
  const { distances, probabilities } = surprises(logits);
  let farthest = 0;
  let sum = 0;
  for (const id of keptIds(logits).sort((a, b) => distances[a]! - distances[b]!)) {
    if (sum >= p) break;
    farthest = distances[id]!;
    sum += probabilities[id]!;
  }
  return keptIds(logits).filter((id) => distances[id]! <= farthest + slack);
}

test('typical keeps the tokens whose surprise is nearest to the entropy, not the likeliest', () => {
  // H = 1.0336; the surprises are 0.51, 1.90, 2.30 and 4.61, so that the distances are 0.52, 0.86, 1.27 and 3.57.
  const skewed = [0.6, 0.15, 0.1, 0.01, 0.14].map(Math.log);
  expect(keptIds(applyProcessor(typical(0.5), skewed))).toEqual([0]);
  // A token of 0.3 among many of 0.07 is less typical than they are.
  const flat = [0.3, ...Array(10).fill(0.07)].map(Math.log);
  expect(keptIds(applyProcessor(typical(0.6), flat))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(keptIds(applyProcessor(typical(0.71), flat))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('typical keeps all that are at the distance of the last one', () => {
  expect(keptIds(applyProcessor(typical(0.1), Array(9).fill(-4)))).toHaveLength(9);
});

test('typical keeps one token of a row that holds nothing else, and everything at p = 1', () => {
  const removed = Number.NEGATIVE_INFINITY;
  expect(applyProcessor(typical(0.5), [removed, 3, removed])).toEqual([removed, 3, removed]);
  expect(applyProcessor(typical(0.5), [removed, removed])).toEqual([removed, removed]);
  expect(applyProcessor(typical(1), [1, -900, 3])).toEqual([1, -900, 3]);
});

test('typical agrees with a sort of the whole row', () => {
  const logit = fc.oneof(
    fc.float({ min: -60, max: 60, noNaN: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.float({ min: Math.fround(-1e-3), max: Math.fround(1e-3), noNaN: true }),
    fc.constant(Number.NEGATIVE_INFINITY),
  );
  const row = fc.array(logit, { minLength: 1, maxLength: 200 }).map((logits) => Float32Array.from(logits));
  // One filter for all rows: nothing may be left over from a longer one.
  const filters = [0.05, 0.3, 0.7, 0.99].map((p) => ({ p, filter: typical(p) }));
  fc.assert(
    fc.property(row, fc.constantFrom(...filters), (logits, { p, filter }) => {
      fc.pre(keptIds(logits).length > 0);
      const filtered = logits.slice();
      filter(filtered);
      const kept = new Set(keptIds(filtered));
      // Distances and sums that differ by rounding may fall on either side.
      for (const id of sortedTypical(logits, p - 1e-9, -1e-5)) expect(kept).toContain(id);
      const most = new Set(sortedTypical(logits, p + 1e-9, 1e-5));
      for (const id of kept) expect(most).toContain(id);
      for (const id of kept) expect(filtered[id]).toBe(logits[id]);
    }),
    { numRuns: 300 },
  );
});

test('typical agrees with the sort on a vocabulary of 50,257', () => {
  const logits = Float32Array.from({ length: 50257 }, (_, id) => Math.sin(id * 12.9898) * 8 - 90);
  const expected = sortedTypical(logits, 0.9, 0);
  typical(0.9)(logits);
  const kept = keptIds(logits);
  expect(Math.abs(kept.length - expected.length)).toBeLessThan(3);
  expect(kept.slice(0, 1000)).toEqual(expected.slice(0, 1000));
});
