import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogitsFilter } from './logits-processor.ts';
import { minP } from './min-p.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';
import { topP } from './top-p.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

function apply(filter: LogitsFilter, logits: readonly number[]): number[] {
  const row = Float32Array.from(logits);
  filter(row);
  return [...row];
}

/** Ids by logit, highest first, lower id first among equals: the ranking that every filter cuts. */
function ranking(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, id) => id)
    .filter((id) => logits[id] !== REMOVED)
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
}

function keptIds(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, id) => id).filter((id) => logits[id] !== REMOVED);
}

function naiveTopP(logits: ArrayLike<number>, p: number): number[] {
  const ranked = ranking(logits);
  const weights = ranked.map((id) => Math.exp(logits[id]! - logits[ranked[0]!]!));
  const wanted = p * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return ranked.filter((_, rank) => {
    const isKept = sum < wanted;
    sum += weights[rank]!;
    return isKept;
  });
}

const finite = fc.float({ min: -60, max: 60, noNaN: true });
const tied = fc.integer({ min: -3, max: 3 });
const row = fc
  .oneof(
    fc.array(fc.oneof(finite, tied, fc.constant(REMOVED)), { minLength: 1, maxLength: 300 }),
    fc.array(tied, { minLength: 1, maxLength: 400 }),
    // Nearly flat, and spread over many magnitudes: both ends of what the histogram of top-p has to narrow down.
    fc.array(fc.float({ min: Math.fround(-1e-3), max: Math.fround(1e-3), noNaN: true }), {
      minLength: 65,
      maxLength: 300,
    }),
    fc.array(
      fc.integer({ min: -120, max: 120 }).map((exponent) => -(2 ** exponent)),
      { minLength: 65, maxLength: 300 },
    ),
  )
  .filter((logits) => logits.some((logit) => logit !== REMOVED))
  .map((logits) => Float32Array.from(logits));

describe('topK', () => {
  test('keeps the highest logits and leaves them as they are', () => {
    expect(apply(topK(2), [1, 5, 3, 4])).toEqual([REMOVED, 5, REMOVED, 4]);
  });

  test('keeps the lower ids of equals at the edge', () => {
    expect(apply(topK(3), [2, 7, 2, 2, 7])).toEqual([2, 7, REMOVED, REMOVED, 7]);
  });

  test('keeps everything when k reaches the vocabulary', () => {
    expect(apply(topK(9), [1, 2, REMOVED])).toEqual([1, 2, REMOVED]);
  });

  test('keeps exactly the first k of the ranking', () => {
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 450 }), (logits, k) => {
        const filtered = logits.slice();
        topK(k)(filtered);
        expect(keptIds(filtered)).toEqual(
          ranking(logits)
            .slice(0, k)
            .sort((a, b) => a - b),
        );
      }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN])('rejects k = %s', (k) => {
    expect(() => topK(k)).toThrow(
      new RangeError(`Cannot keep the highest logits: k is ${k}, but it must be a whole number above 0`),
    );
  });
});

describe('topP', () => {
  test('keeps the fewest tokens that reach p', () => {
    const logits = [0.5, 0.3, 0.15, 0.05].map(Math.log);
    expect(keptIds(apply(topP(0.4), logits))).toEqual([0]);
    expect(keptIds(apply(topP(0.6), logits))).toEqual([0, 1]);
    expect(keptIds(apply(topP(0.9), logits))).toEqual([0, 1, 2]);
    expect(keptIds(apply(topP(0.99), logits))).toEqual([0, 1, 2, 3]);
  });

  test('keeps the lower ids of a flat row, however long', () => {
    expect(keptIds(apply(topP(0.5), Array(1000).fill(-3)))).toEqual(Array.from({ length: 500 }, (_, id) => id));
  });

  test('keeps one token when p is tiny', () => {
    expect(keptIds(apply(topP(1e-300), [1, 3, 3, 2]))).toEqual([1]);
  });

  test('agrees with a sort of the whole vocabulary', () => {
    fc.assert(
      fc.property(row, fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (logits, p) => {
        const filtered = logits.slice();
        topP(p)(filtered);
        const kept = new Set(keptIds(filtered));
        // Sums in another order round differently, so a token may fall on either side of the last 1e-12 of p.
        for (const id of naiveTopP(logits, p - 1e-12)) expect(kept).toContain(id);
        const most = new Set(naiveTopP(logits, p + 1e-12));
        for (const id of kept) expect(most).toContain(id);
      }),
      { numRuns: 300 },
    );
  });

  test('agrees with the sort on a vocabulary of 50,257', () => {
    for (const [spread, p] of [
      [8, 0.9],
      [0.01, 0.95],
      [30, 0.999999],
    ] as const) {
      const logits = Float32Array.from({ length: 50257 }, (_, id) => Math.sin(id * 12.9898) * spread - 90);
      const expected = naiveTopP(logits, p).sort((a, b) => a - b);
      topP(p)(logits);
      expect(keptIds(logits)).toEqual(expected);
    }
  });

  test.each([0, -0.1, 1.01, Number.NaN])('rejects p = %s', (p) => {
    expect(() => topP(p)).toThrow(RangeError);
  });
});

describe('minP', () => {
  test('removes tokens less likely than a share of the likeliest', () => {
    const logits = [0.5, 0.3, 0.15, 0.05].map(Math.log);
    expect(keptIds(apply(minP(0.2), logits))).toEqual([0, 1, 2]);
    expect(keptIds(apply(minP(0.5), logits))).toEqual([0, 1]);
  });

  test('keeps all of the likeliest at p = 1, and everything at p = 0', () => {
    expect(keptIds(apply(minP(1), [3, 1, 3]))).toEqual([0, 2]);
    expect(keptIds(apply(minP(0), [3, -1e30, 3]))).toEqual([0, 1, 2]);
  });

  test.each([-0.1, 1.1, Number.NaN])('rejects p = %s', (p) => {
    expect(() => minP(p)).toThrow(RangeError);
  });
});

describe('temperature', () => {
  const probabilities = (logits: readonly number[]): number[] => {
    const weights = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  };

  test('raises probabilities to the power 1 / T', () => {
    const halved = probabilities(apply(temperature(0.5), [1, 2, 4]));
    const expected = probabilities([2, 4, 8]);
    halved.forEach((probability, id) => {
      expect(probability).toBeCloseTo(expected[id]!, 6);
    });
  });

  test('goes to the greedy choice as it goes to 0', () => {
    const logits = [1, 3, 2.9, -50];
    const ofBest = [1, 0.1, 0.01, 1e-3, 1e-6, 1e-30, 5e-324].map(
      (t) => probabilities(apply(temperature(t), logits))[1]!,
    );
    for (let i = 1; i < ofBest.length; i++) expect(ofBest[i]).toBeGreaterThanOrEqual(ofBest[i - 1]!);
    expect(ofBest.slice(3)).toEqual([1, 1, 1, 1]);
  });

  test('does not overflow', () => {
    for (const t of [1e-6, 1e-38, 5e-324]) {
      const cooled = apply(temperature(t), [3e38, -3e38, 0, REMOVED]);
      expect(cooled[0]).toBe(0);
      expect(cooled.some(Number.isNaN)).toBe(false);
    }
  });

  test('goes to the uniform distribution as it grows', () => {
    for (const probability of probabilities(apply(temperature(1e9), [1, 3, -40, 7]))) {
      expect(probability).toBeCloseTo(0.25, 6);
    }
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('rejects %s', (t) => {
    expect(() => temperature(t)).toThrow(RangeError);
  });
});

describe('every filter', () => {
  const filter = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map(topK),
    fc.double({ min: 0.01, max: 1, noNaN: true }).map(topP),
    fc.double({ min: 0, max: 1, noNaN: true }).map(minP),
    fc.double({ min: 1e-3, max: 10, noNaN: true }).map(temperature),
  );

  test('leaves at least one token and brings none back', () => {
    fc.assert(
      fc.property(row, fc.array(filter, { minLength: 1, maxLength: 4 }), (logits, filters) => {
        const filtered = logits.slice();
        for (const process of filters) process(filtered);
        expect(filtered.some(Number.isNaN)).toBe(false);
        expect(keptIds(filtered).length).toBeGreaterThan(0);
        for (const id of keptIds(filtered)) expect(logits[id]).not.toBe(REMOVED);
      }),
    );
  });

  test('removes the same tokens when all logits are shifted by a constant', () => {
    // Whole numbers, so that the shift itself rounds nothing.
    const wholeRow = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(wholeRow, fc.integer({ min: -500, max: 500 }), filter, (logits, shift, process) => {
        const plain = keptIds(apply(process, logits));
        expect(
          keptIds(
            apply(
              process,
              logits.map((logit) => logit + shift),
            ),
          ),
        ).toEqual(plain);
      }),
    );
  });
});
