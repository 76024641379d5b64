import { describe, expect, test } from 'vitest';
import { uniform } from '../base/random.ts';
import { NEUTRAL_OPTIONS } from '../config/neutral-options.ts';
import { composeProcessors, type ProcessorOptions } from './compose-processors.ts';
import { applyChain, chooseToken, drawToken, likeliestToken } from './sampler.ts';
import type { SequenceView } from './sequence-view.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';

const REMOVED = Number.NEGATIVE_INFINITY;
const NEUTRAL: ProcessorOptions = { ...NEUTRAL_OPTIONS, temperature: 1 };
const CONTEXT = { seed: 1, maxLength: 1000, vocabSize: 50257 };

function at(position: number): SequenceView {
  return { promptIds: [], generatedIds: [], tokenIds: [], position };
}

function choose(logits: readonly number[], options: Partial<ProcessorOptions>, seed: number, position: number): number {
  const all = { ...NEUTRAL, ...options };
  const sampler = { chain: composeProcessors(all, CONTEXT), temperature: all.temperature, seed };
  return chooseToken(Float32Array.from(logits), at(position), sampler);
}

describe('likeliestToken', () => {
  test('takes the lowest id of equals', () => {
    expect(likeliestToken(Float32Array.of(1, 5, 5, 2))).toBe(1);
    expect(likeliestToken(Float32Array.of(REMOVED, -7, -7))).toBe(1);
  });

  test('finds nothing in a row without tokens', () => {
    expect(likeliestToken(Float32Array.of(REMOVED, REMOVED))).toBeUndefined();
  });
});

describe('drawToken', () => {
  test('walks the cumulative distribution in order of ids', () => {
    const logits = Float32Array.from([0.25, 0.5, 0, 0.25], Math.log);
    const drawn = [0, 0.2, 0.26, 0.7, 0.76, 1 - 2 ** -53].map((u) => drawToken(logits, u));
    expect(drawn).toEqual([0, 0, 1, 1, 3, 3]);
  });

  test('never draws a removed token, at either end of any block', () => {
    const logits = new Float32Array(1000).fill(REMOVED);
    for (const id of [255, 256, 700]) logits[id] = 2;
    expect([0, 0.34, 0.67, 1 - 2 ** -53].map((u) => drawToken(logits, u))).toEqual([255, 256, 700, 700]);
  });

  test('finds nothing in a row without tokens', () => {
    expect(drawToken(Float32Array.of(REMOVED), 0.5)).toBeUndefined();
  });
});

describe('chooseToken', () => {
  test('depends on the seed and the position alone', () => {
    const logits = Array.from({ length: 500 }, (_, id) => Math.sin(id));
    const drawn = [3, 1, 2, 3].map((position) => choose(logits, {}, 7, position));
    expect(drawn[0]).toBe(drawn[3]);
    expect(new Set(drawn).size).toBe(3);
    expect(choose(logits, {}, 8, 3)).not.toBe(drawn[0]);
  });

  test('chooses greedily at temperature 0, after the penalties', () => {
    expect(choose([1, 4, 3], { temperature: 0 }, 1, 0)).toBe(1);
    const repeated = { promptIds: [1], generatedIds: [], tokenIds: [1], position: 1 };
    const chain = composeProcessors({ ...NEUTRAL, temperature: 0, repetitionPenalty: 2 }, CONTEXT);
    expect(chooseToken(Float32Array.of(1, 4, 3), repeated, { chain, temperature: 0, seed: 1 })).toBe(2);
  });

  test('draws the greedy choice at a tiny temperature', () => {
    for (let position = 0; position < 50; position++)
      expect(choose([1, 2.999, 3], { temperature: 1e-6 }, 5, position)).toBe(2);
  });

  test('says where the processors removed every token', () => {
    const sequence = { promptIds: [0], generatedIds: [], tokenIds: [0], position: 1 };
    const chain = composeProcessors({ ...NEUTRAL, minNewTokens: 3, stopTokenIds: [0, 1] }, CONTEXT);
    for (const temperature of [0, 1]) {
      expect(() => chooseToken(Float32Array.of(1, 2), sequence, { chain, temperature, seed: 1 })).toThrow(
        new RangeError('Cannot choose the token at position 1: all 2 tokens are removed, but one must be left'),
      );
    }
  });
});

test('A shortlist draws what the whole row would', () => {
  const logits = Array.from({ length: 300 }, (_, id) => Math.sin(id * 12.9898) * 4);
  const options = { temperature: 0.9, topK: 20, topP: 0.9 };
  const all = { ...NEUTRAL, ...options };
  const chain = composeProcessors(all, CONTEXT);
  expect(chain.isShortlisted).toBe(true);
  for (let position = 0; position < 200; position++) {
    const whole = { chain: { ...chain, isShortlisted: false }, temperature: 0.9, seed: 3 };
    expect(choose(logits, options, 3, position)).toBe(chooseToken(Float32Array.from(logits), at(position), whole));
  }
});

describe('applyChain', () => {
  test('leaves in the row what a token is drawn from', () => {
    const logits = Array.from({ length: 300 }, (_, id) => Math.sin(id * 12.9898) * 4);
    const all = { ...NEUTRAL, temperature: 0.9, topK: 20, topP: 0.9 };
    for (let position = 0; position < 50; position++) {
      const row = Float32Array.from(logits);
      applyChain(composeProcessors(all, CONTEXT), row, at(position));
      expect(drawToken(row, uniform(3, position))).toBe(choose(logits, all, 3, position));
    }
  });

  test('puts a shortlist back, and goes on with the whole row', () => {
    const seen: number[][] = [];
    const look = (row: Float32Array) => {
      seen.push([...row]);
    };
    const chain = {
      processors: [topK(2)],
      filters: [look, temperature(0.5)],
      isShortlisted: true,
      rest: { processors: [look], filters: [], isShortlisted: false },
    };
    const row = Float32Array.of(1, 4, 2, 3);
    applyChain(chain, row, at(0));
    expect(seen).toEqual([
      [4, 3],
      [REMOVED, 0, REMOVED, -2],
    ]);
    expect([...row]).toEqual([REMOVED, 0, REMOVED, -2]);
    expect(chooseToken(Float32Array.of(1, 4, 2, 3), at(0), { chain, temperature: 0, seed: 1 })).toBe(1);
  });
});

describe('frequencies of draws', () => {
  const LOGITS = [0.5, 2, -1, 1.2, 0, 1.9, -3, 0.8];
  const NUM_DRAWS = 4000;

  /** Softmax of the logits over T, of the ids in `kept` alone. */
  function expected(kept: readonly number[], t = 1): Map<number, number> {
    const weights = kept.map((id) => Math.exp(LOGITS[id]! / t));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return new Map(kept.map((id, i) => [id, weights[i]! / total]));
  }

  /** 99.9 % points of the chi-square distribution, by degrees of freedom. */
  const CRITICAL = [0, 10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32];

  test.each([
    ['temperature 1', {}, expected([0, 1, 2, 3, 4, 5, 6, 7])],
    ['temperature 0.7', { temperature: 0.7 }, expected([0, 1, 2, 3, 4, 5, 6, 7], 0.7)],
    ['temperature 2', { temperature: 2 }, expected([0, 1, 2, 3, 4, 5, 6, 7], 2)],
    ['top-k 3', { topK: 3 }, expected([1, 3, 5])],
    ['top-p 0.7', { topP: 0.7 }, expected([1, 3, 5])],
    ['min-p 0.25', { minP: 0.25 }, expected([1, 3, 5, 7])],
    ['temperature 0.5, top-k 4, top-p 0.9', { temperature: 0.5, topK: 4, topP: 0.9 }, expected([1, 3, 5], 0.5)],
  ])('match softmax: %s', (_, options, probabilities) => {
    const counts = new Map<number, number>();
    for (let position = 0; position < NUM_DRAWS; position++) {
      const token = choose(LOGITS, options, 20240607, position);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    expect([...counts.keys()].filter((id) => !probabilities.has(id))).toEqual([]);
    let chiSquare = 0;
    for (const [id, probability] of probabilities) {
      const mean = probability * NUM_DRAWS;
      chiSquare += ((counts.get(id) ?? 0) - mean) ** 2 / mean;
    }
    expect(chiSquare).toBeLessThan(CRITICAL[probabilities.size - 1]!);
  });
});
