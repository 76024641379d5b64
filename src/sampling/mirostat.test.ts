import { describe, expect, test } from 'vitest';
import { keptIds } from '../../test/apply-processor.ts';
import { uniform } from '../base/random.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { mirostat1, mirostat2 } from './mirostat.ts';
import { drawToken } from './sampler.ts';

const REMOVED = Number.NEGATIVE_INFINITY;
const VOCABULARY = 400;

/** Zipf's law of the exponent, in an order that hides the rank; a little different at every position. */
function zipf(exponent: number, position = 0): number[] {
  return Array.from(
    { length: VOCABULARY },
    (_, id) => -exponent * Math.log(1 + ((id * 137 + position * 31) % VOCABULARY)),
  );
}

function apply(processor: LogitsProcessor, logits: readonly number[], tokenIds: readonly number[]): Float32Array {
  const row = Float32Array.from(logits);
  processor(row, { promptIds: [], generatedIds: tokenIds, tokenIds, position: tokenIds.length });
  return row;
}

function surprise(logits: readonly number[], tokenId: number): number {
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return -Math.log2(Math.exp(logits[tokenId]!) / total);
}

/** Version 1 by the paper's formulas, from sorted probabilities. */
function slowlyKept1(logits: readonly number[], limit: number): number[] {
  const ranked = [...logits.keys()]
    .filter((id) => logits[id] !== REMOVED)
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
  const p = ranked.map((id) => Math.exp(logits[id]!));
  let [products, squares] = [0, 0];
  for (let i = 0; i < Math.min(100, p.length) - 1; i++) {
    const t = Math.log((i + 2) / (i + 1));
    products += t * Math.log(p[i]! / p[i + 1]!);
    squares += t * t;
  }
  const s = products / squares;
  const epsilon = s - 1;
  const k = ((epsilon * 2 ** limit) / (1 - logits.length ** -epsilon)) ** (1 / s);
  return ranked.slice(0, Math.max(1, Math.floor(k))).sort((a, b) => a - b);
}

/** Version 2: those of at most so much surprise. */
function slowlyKept2(logits: readonly number[], limit: number): number[] {
  const kept = [...logits.keys()].filter((id) => logits[id] !== REMOVED && surprise(logits, id) <= limit);
  return kept.length > 0 ? kept : [logits.indexOf(Math.max(...logits))];
}

describe.each([
  ['mirostat1', mirostat1, slowlyKept1],
  ['mirostat2', mirostat2, slowlyKept2],
] as const)('%s', (_, mirostat, slowlyKept) => {
  test('cuts where the formulas say, and corrects its limit by the token that was chosen', () => {
    const processor = mirostat({ tau: 3.3, eta: 0.37 });
    const tokenIds = [7, 8];
    let limit = 6.6;
    for (let i = 0; i < 12; i++) {
      const logits = zipf(0.8 + 0.05 * i, i);
      const row = apply(processor, logits, tokenIds);
      expect(keptIds(row), `token ${i}`).toEqual(slowlyKept(logits, limit));
      const tokenId = drawToken(row, uniform(3, tokenIds.length))!;
      limit -= 0.37 * (surprise(logits, tokenId) - 3.3);
      tokenIds.push(tokenId);
    }
  });

  test('is asked twice for one token and forgets what was cut off the text', () => {
    const processor = mirostat({ tau: 4, eta: 0.5 });
    const rowAfter = (tokenIds: readonly number[]) => apply(processor, zipf(1.1, tokenIds.length), tokenIds);
    const first = rowAfter([1]);
    const [likely, unlikely] = [first.indexOf(Math.max(...first)), keptIds(first).at(-1)!];
    const afterLikely = rowAfter([1, likely]);
    rowAfter([1, likely, 5]);
    const afterUnlikely = rowAfter([1, unlikely]);
    expect(keptIds(afterUnlikely)).not.toEqual(keptIds(afterLikely));
    expect(rowAfter([1, likely])).toEqual(afterLikely);
    expect(rowAfter([1, likely])).toEqual(afterLikely);
    expect(rowAfter([1])).toEqual(first);
  });

  test('a token that it removed and that was forced says nothing', () => {
    const processor = mirostat({ tau: 2, eta: 1 });
    const logits = zipf(1.2);
    const first = apply(processor, logits, []);
    const removed = first.indexOf(REMOVED);
    expect(apply(processor, logits, [removed])).toEqual(first);
  });

  test('holds the surprise of a text near its target', () => {
    const processor = mirostat({ tau: 4, eta: 0.1 });
    const tokenIds: number[] = [];
    let total = 0;
    for (let i = 0; i < 600; i++) {
      const logits = zipf(0.9, i);
      const row = apply(processor, logits, tokenIds);
      const tokenId = drawToken(row, uniform(11, i))!;
      if (i >= 100) total += surprise(logits, tokenId);
      tokenIds.push(tokenId);
    }
    // Without it the text has 7.1 bits a token.
    expect(total / 500).toBeGreaterThan(3.9);
    expect(total / 500).toBeLessThan(4.1);
  });

  test('keeps the likeliest token however low the limit, and never brings one back', () => {
    const logits = [1, REMOVED, 1, 0.5];
    expect(keptIds(apply(mirostat({ tau: 1e-3, eta: 0.1 }), logits, []))).toEqual([0]);
    expect(keptIds(apply(mirostat({ tau: 100, eta: 0.1 }), logits, []))).toEqual([0, 2, 3]);
  });

  test('leaves rows with one token, or none, alone', () => {
    expect(keptIds(apply(mirostat({ tau: 3, eta: 0.1 }), [REMOVED, 2], []))).toEqual([1]);
    expect(keptIds(apply(mirostat({ tau: 3, eta: 0.1 }), [REMOVED, REMOVED], []))).toEqual([]);
    expect(keptIds(apply(mirostat({ tau: 3, eta: 0.1 }), [2], []))).toEqual([0]);
  });

  test.each([
    [{ tau: 0, eta: 0.1 }, 'tau is 0'],
    [{ tau: 3, eta: Number.NaN }, 'eta is NaN'],
  ])('%j is rejected', (options, problem) => {
    expect(() => mirostat(options)).toThrow(
      new RangeError(`Cannot steer surprise: ${problem}, but it must be finite and above 0`),
    );
  });
});

test('mirostat1 takes the limit of its formula where the exponent is 1', () => {
  // s is 1 but for the rounding of logits: k = 2^μ / ln V.
  const row = apply(mirostat1({ tau: 3.5, eta: 0.1 }), zipf(1), []);
  expect(keptIds(row)).toHaveLength(Math.floor(2 ** 7 / Math.log(VOCABULARY)));
});

test('mirostat1 takes the formula at its word where all tokens are as likely', () => {
  const even = new Array<number>(16).fill(0);
  // s is 0: (2^μ / (V − 1)) to the power of ∞.
  expect(keptIds(apply(mirostat1({ tau: 3, eta: 0.1 }), even, []))).toHaveLength(16);
  expect(keptIds(apply(mirostat1({ tau: 1, eta: 0.1 }), even, []))).toHaveLength(1);
});
