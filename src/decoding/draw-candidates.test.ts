import { describe, expect, test } from 'vitest';
import { uniform } from '../base/random.ts';
import { drawCandidates } from './draw-candidates.ts';
import type { BeamRow } from './likeliest-candidates.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

const beam = (logProb: number, ...values: readonly number[]): BeamRow => ({ logProb, row: Float32Array.from(values) });

function draw(beams: () => readonly BeamRow[], count: number, seed: number) {
  return drawCandidates(beams(), count, (k) => uniform(seed, 0, k));
}

describe('drawing candidates without replacement', () => {
  test('each ordered pair comes as often as the softmax of all has it', () => {
    const beams = () => [beam(-0.5, 0, -1, REMOVED), beam(-1, -0.3, REMOVED, -2)];
    const weights = beams().flatMap(({ logProb, row }) => [...row].map((value) => Math.exp(logProb + value)));
    const total = weights.reduce((sum, weight) => sum + weight);
    const numRuns = 20_000;
    const counts = new Map<string, number>();
    for (let seed = 0; seed < numRuns; seed++) {
      const key = draw(beams, 2, seed)
        .map(({ beam: index, tokenId }) => index * 3 + tokenId)
        .join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    let chiSquared = 0;
    for (const [a, first] of weights.entries())
      for (const [b, second] of weights.entries()) {
        const probability = a === b ? 0 : (first / total) * (second / (total - first));
        const count = counts.get(`${a},${b}`) ?? 0;
        if (probability === 0) expect(count).toBe(0);
        else chiSquared += (count - numRuns * probability) ** 2 / (numRuns * probability);
      }
    // 12 pairs: 11 degrees of freedom, of which 31.3 is exceeded once in a thousand times.
    expect(chiSquared).toBeLessThan(31.3);
  });

  test('gives log probabilities, each token once, and no more than there are', () => {
    const beams = () => [beam(-2, 0, -1), beam(-3, REMOVED, -1)];
    const drawn = draw(beams, 9, 1);
    expect([...drawn].sort((a, b) => b.logProb - a.logProb)).toEqual([
      { beam: 0, tokenId: 0, logProb: -2 },
      { beam: 0, tokenId: 1, logProb: -3 },
      { beam: 1, tokenId: 1, logProb: -4 },
    ]);
    expect(draw(() => [beam(0, REMOVED, REMOVED)], 2, 1)).toEqual([]);
  });

  test('asks for one random number a draw, and the same ones give the same draws', () => {
    const beams = () => [beam(0, ...Array.from({ length: 1000 }, (_, id) => -(id % 7)))];
    const asked: number[] = [];
    const drawn = drawCandidates(beams(), 5, (k) => {
      asked.push(k);
      return uniform(3, 0, k);
    });
    expect(asked).toEqual([0, 1, 2, 3, 4]);
    expect(draw(beams, 5, 3)).toEqual(drawn);
    expect(draw(beams, 5, 4)).not.toEqual(drawn);
  });

  test('walks the cumulative distribution beam by beam, ids ascending, over many blocks', () => {
    const beams = () => [
      beam(0, ...Array.from({ length: 700 }, () => 0)),
      beam(0, ...Array.from({ length: 300 }, () => 0)),
    ];
    const at = (u: number) => {
      const [first] = drawCandidates(beams(), 1, () => u);
      return [first!.beam, first!.tokenId];
    };
    expect(at(0)).toEqual([0, 0]);
    expect(at(0.5995)).toEqual([0, 599]);
    expect(at(0.7005)).toEqual([1, 0]);
    expect(at(1 - 2 ** -53)).toEqual([1, 299]);
  });

  test('what all but surely is drawn first does not hide the rest', () => {
    const drawn = draw(() => [beam(0, -200, 0, -201)], 3, 5);
    expect(drawn.map(({ tokenId }) => tokenId).sort()).toEqual([0, 1, 2]);
    expect(drawn[0]!.tokenId).toBe(1);
  });
});
