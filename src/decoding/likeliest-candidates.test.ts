import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BeamCandidate, type BeamRow, likeliestCandidates } from './likeliest-candidates.ts';

/** By sorting everything. */
function sorted(beams: readonly BeamRow[], count: number): readonly BeamCandidate[] {
  const all = beams.flatMap(({ logProb, row }, beam) =>
    [...row].map((value, tokenId) => ({ beam, tokenId, logProb: logProb + value })),
  );
  const left = all.filter(({ logProb }) => logProb > Number.NEGATIVE_INFINITY);
  return left.sort((a, b) => b.logProb - a.logProb).slice(0, count);
}

const beam = (logProb: number, ...values: readonly number[]): BeamRow => ({ logProb, row: Float32Array.from(values) });

test('the likeliest of all beams, likeliest first', () => {
  expect(likeliestCandidates([beam(-1, -3, -1, -2), beam(-2, -0.5, -4, -1.5)], 4)).toEqual([
    { beam: 0, tokenId: 1, logProb: -2 },
    { beam: 1, tokenId: 0, logProb: -2.5 },
    { beam: 0, tokenId: 2, logProb: -3 },
    { beam: 1, tokenId: 2, logProb: -3.5 },
  ]);
});

test('of equals the earlier beam, then the lower id', () => {
  const found = likeliestCandidates([beam(-1, -2, -1, -2), beam(-2, -1, 0, -1)], 4);
  expect(found.map(({ beam: index, tokenId }) => [index, tokenId])).toEqual([
    [0, 1],
    [1, 1],
    [0, 0],
    [0, 2],
  ]);
});

test('removed tokens are never candidates, so that there may be fewer', () => {
  const removed = Number.NEGATIVE_INFINITY;
  expect(likeliestCandidates([beam(-1, removed, -1), beam(-1, removed, removed)], 3)).toEqual([
    { beam: 0, tokenId: 1, logProb: -2 },
  ]);
});

test('what a sort of everything finds', () => {
  // Few different values, for ties; -9 stands for a removed token.
  const row = fc.array(fc.integer({ min: -9, max: 0 }), { minLength: 5, maxLength: 5 });
  const beams = fc.array(fc.tuple(fc.integer({ min: -4, max: 0 }), row), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(beams, fc.integer({ min: 1, max: 12 }), (given, count) => {
      const rows = given.map(([logProb, values]) =>
        beam(logProb, ...values.map((value) => (value === -9 ? Number.NEGATIVE_INFINITY : value))),
      );
      expect(likeliestCandidates(rows, count)).toEqual(sorted(rows, count));
    }),
  );
});
