import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uniform } from '../base/random.ts';
import { ACCEPT_LANE, acceptOrRedraw, DRAFT_LANE, distributionOf } from './rejection-sampler.ts';
import { drawToken } from './sampler.ts';

const REMOVED = Number.NEGATIVE_INFINITY;
const SEED = 20230519;

/** Logits whose softmax is `probabilities`. */
function logitsOf(probabilities: readonly number[]): Float32Array {
  return Float32Array.from(probabilities, Math.log);
}

describe('speculative sampling gives the distribution of the target', () => {
  const NUM_DRAWS = 200_000;
  /** 99.9 % point of the chi-square distribution with 7 degrees of freedom. */
  const CRITICAL = 24.32;
  const P = [0.3, 0.02, 0.2, 0.08, 0.15, 0.05, 0.12, 0.08];

  const FLAT = Array(8).fill(1 / 8);
  const SHARP = [0.02, 0.86, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02];

  test.each([
    ['q = p', P, P],
    ['a q that is sharp in the wrong place', P, SHARP],
    ['a q that has only some of the tokens', P, [0.5, 0, 0.5, 0, 0, 0, 0, 0]],
    ['a q that has other tokens than p', [0.5, 0, 0.3, 0, 0.2, 0, 0, 0], [0, 0.25, 0, 0.25, 0, 0.5, 0, 0]],
    ['a p that lacks tokens of q', [0.4, 0, 0.2, 0.1, 0, 0.3, 0, 0], FLAT],
  ])('%s', (_, p, q) => {
    const [target, draft] = [logitsOf(p), logitsOf(q)];
    const distribution = distributionOf(draft);
    const { counts, numAccepted } = drawMany((position) => {
      const tokenId = drawToken(draft, uniform(SEED, position, DRAFT_LANE))!;
      return acceptOrRedraw(target, { tokenId, distribution }, { seed: SEED, position });
    });
    expectDistribution(counts, p);
    const overlap = p.reduce((sum, probability, id) => sum + Math.min(probability, q[id]!), 0);
    expect(Math.abs(numAccepted / NUM_DRAWS - overlap)).toBeLessThan(0.005);
  });

  test.each([0, 1])('a guess of token %i that is certain of itself', (tokenId) => {
    const target = logitsOf(P);
    const { counts, numAccepted } = drawMany((position) =>
      acceptOrRedraw(target, { tokenId }, { seed: SEED, position }),
    );
    expectDistribution(counts, P);
    expect(Math.abs(numAccepted / NUM_DRAWS - P[tokenId]!)).toBeLessThan(0.005);
  });

  function drawMany(drawAt: (position: number) => { readonly tokenId: number; readonly isAccepted: boolean }) {
    const counts = new Array<number>(8).fill(0);
    let numAccepted = 0;
    for (let position = 0; position < NUM_DRAWS; position++) {
      const { tokenId, isAccepted } = drawAt(position);
      counts[tokenId]! += 1;
      if (isAccepted) numAccepted += 1;
    }
    return { counts, numAccepted };
  }

  function expectDistribution(counts: readonly number[], p: readonly number[]): void {
    let chiSquare = 0;
    for (const [id, probability] of p.entries()) {
      const mean = probability * NUM_DRAWS;
      if (mean === 0) expect(counts[id]).toBe(0);
      else chiSquare += (counts[id]! - mean) ** 2 / mean;
    }
    expect(chiSquare).toBeLessThan(CRITICAL);
  }
});

test('A token drawn from the very same distribution is accepted, whatever it is', () => {
  const logits = Float32Array.from({ length: 1000 }, (_, id) => Math.sin(id * 12.9898) * 6);
  const distribution = distributionOf(logits);
  for (let position = 0; position < 1000; position++) {
    const tokenId = drawToken(logits, uniform(SEED, position, DRAFT_LANE))!;
    const verdict = acceptOrRedraw(logits, { tokenId, distribution }, { seed: SEED, position });
    expect(verdict).toEqual({ tokenId, isAccepted: true });
  }
});

test('A removed token is neither accepted nor drawn', () => {
  const logits = Float32Array.of(1, REMOVED, 2, REMOVED, 0);
  const row = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(row, fc.nat(4), fc.nat(), fc.boolean(), (weights, tokenId, position, isCertain) => {
      const drafted = { tokenId, distribution: isCertain ? undefined : Float32Array.from(weights) };
      const verdict = acceptOrRedraw(logits, drafted, { seed: 1, position });
      expect([0, 2, 4]).toContain(verdict.tokenId);
      if (verdict.isAccepted) expect(verdict.tokenId).toBe(tokenId);
    }),
  );
});

test('A row with one token left accepts it and redraws it', () => {
  const logits = Float32Array.of(REMOVED, 3, REMOVED);
  const at = { seed: 1, position: 1 };
  expect(acceptOrRedraw(logits, { tokenId: 1 }, at)).toEqual({ tokenId: 1, isAccepted: true });
  expect(acceptOrRedraw(logits, { tokenId: 2 }, at)).toEqual({ tokenId: 1, isAccepted: false });
});

test('A guess that loses to nothing but rounding gives way to a draw from the target', () => {
  // p − q is nowhere above 0, since q adds up to more than 1; the draw of this position is too high for p / q.
  const [logits, distribution] = [logitsOf([0.5, 0.5, 0]), Float32Array.of(0.625, 0.625, 0)];
  const position = Array.from({ length: 100 }, (_, i) => i).find((i) => uniform(1, i, ACCEPT_LANE) > 0.9)!;
  for (const tokenId of [0, 1, 2]) {
    const verdict = acceptOrRedraw(logits, { tokenId, distribution }, { seed: 1, position });
    expect(verdict.isAccepted).toBe(false);
    expect([0, 1]).toContain(verdict.tokenId);
  }
});

test('A verdict depends on the seed and the position alone, and leaves its inputs as they are', () => {
  const logits = Float32Array.from({ length: 300 }, (_, id) => Math.sin(id) * 3);
  const distribution = distributionOf(Float32Array.from({ length: 300 }, (_, id) => Math.cos(id) * 3));
  const [logitsBefore, distributionBefore] = [logits.slice(), distribution.slice()];
  const verdictAt = (position: number, seed = 7) =>
    acceptOrRedraw(logits, { tokenId: 6, distribution }, { seed, position });
  const verdicts = [5, 1, 2, 3, 4, 5].map((position) => verdictAt(position).tokenId);
  expect(verdicts[0]).toBe(verdicts[5]);
  expect(new Set(verdicts).size).toBeGreaterThan(2);
  expect([logits, distribution]).toEqual([logitsBefore, distributionBefore]);
});

test('distributionOf is the softmax, also far from 0 and over a large vocabulary', () => {
  expect([...distributionOf(Float32Array.of(3e4, REMOVED, 3e4))]).toEqual([0.5, 0, 0.5]);
  const large = distributionOf(Float32Array.from({ length: 50_257 }, (_, id) => Math.sin(id * 78.233) * 9));
  expect(large.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 6);
});

test('A row without tokens, and a distribution of another vocabulary', () => {
  const at = { seed: 1, position: 12 };
  expect(() => acceptOrRedraw(Float32Array.of(REMOVED, REMOVED), { tokenId: 0 }, at)).toThrow(
    new RangeError('Cannot choose the token at position 12: all 2 tokens are removed, but one must be left'),
  );
  const distribution = Float32Array.of(0.5, 0.25, 0.25);
  expect(() => acceptOrRedraw(Float32Array.of(1, 2), { tokenId: 0, distribution }, at)).toThrow(
    new RangeError('Cannot check the draft at position 12: it was drawn from 3 tokens, wanted 2'),
  );
});
