import { describe, expect, test } from 'vitest';
import { uniform } from '../base/random.ts';
import { detectWatermark } from './detect-watermark.ts';
import { GreenList } from './green-list.ts';
import { drawToken } from './sampler.ts';
import { type WatermarkSettings, watermark } from './watermark.ts';

const VOCAB = 200;
const NUM_TOKENS = 150;
const SETTINGS: WatermarkSettings = {
  greenlistRatio: 0.25,
  bias: 2,
  hashingKey: 15485863,
  seedingScheme: 'lefthash',
  contextWidth: 1,
};

/** Tokens drawn from random logits, changed by `process` or not. */
function drawText(seed: number, process?: ReturnType<typeof watermark>): number[] {
  const tokenIds: number[] = [];
  for (let position = 0; position < NUM_TOKENS; position++) {
    const row = Float32Array.from({ length: VOCAB }, (_, id) => 2 * uniform(seed, position, 1 + id));
    process?.(row, { promptIds: [], generatedIds: tokenIds, tokenIds, position });
    tokenIds.push(drawToken(row, uniform(seed, position))!);
  }
  return tokenIds;
}

describe.each([
  { seedingScheme: 'lefthash', contextWidth: 1 },
  { seedingScheme: 'lefthash', contextWidth: 3 },
  { seedingScheme: 'selfhash', contextWidth: 1 },
  { seedingScheme: 'selfhash', contextWidth: 4 },
] as const)('detectWatermark with $seedingScheme of width $contextWidth', (scheme) => {
  const settings = { ...SETTINGS, ...scheme };
  const seeds = [1, 2, 3, 4, 5];

  test('finds the watermark in texts that have it', () => {
    for (const seed of seeds) {
      const { isWatermarked, pValue } = detectWatermark(drawText(seed, watermark(settings)), settings);
      expect(isWatermarked).toBe(true);
      expect(pValue).toBeLessThan(1e-4);
    }
  });

  test('finds none in texts without one, nor under another key', () => {
    for (const seed of seeds) {
      expect(detectWatermark(drawText(seed), settings).isWatermarked).toBe(false);
      const other = { ...settings, hashingKey: 99 };
      expect(detectWatermark(drawText(seed, watermark(other)), settings).isWatermarked).toBe(false);
    }
  });
});

test('z-scores of texts without a watermark are standard normal', () => {
  // Random tokens of a large vocabulary, so that hardly any n-gram repeats.
  const numTexts = 300;
  const scores = Array.from({ length: numTexts }, (_, seed) => {
    const tokenIds = Array.from({ length: 100 }, (_, position) => Math.floor(uniform(seed, position) * 50000));
    return detectWatermark(tokenIds, SETTINGS).zScore;
  });
  const mean = scores.reduce((sum, score) => sum + score, 0) / numTexts;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / numTexts;
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(numTexts));
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / numTexts));
});

test('The score follows the formula', () => {
  const tokenIds = [3, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97, 93];
  const green = new GreenList(SETTINGS);
  const numGreen = tokenIds.slice(1).filter((id, i) => {
    green.follow(tokenIds, i + 1);
    return green.has(id);
  }).length;
  const detection = detectWatermark(tokenIds, SETTINGS);
  expect(detection).toMatchObject({ numTokens: 11, numGreen, greenFraction: numGreen / 11 });
  expect(detection.zScore).toBeCloseTo((numGreen - 11 * 0.25) / Math.sqrt(11 * 0.25 * 0.75), 12);
});

test('Repeated n-grams count once', () => {
  const once = detectWatermark([1, 2, 3, 1], SETTINGS);
  expect(once.numTokens).toBe(3);
  expect(detectWatermark([1, 2, 3, 1, 2, 3, 1, 2, 3], SETTINGS)).toEqual(once);
  expect(detectWatermark([1, 2, 3, 1, 2, 3], { ...SETTINGS, contextWidth: 2 }).numTokens).toBe(3);
  expect(detectWatermark([1, 2, 1, 1, 2], { ...SETTINGS, seedingScheme: 'selfhash' }).numTokens).toBe(2);
});

test('The threshold decides', () => {
  const tokenIds = drawText(1, watermark(SETTINGS));
  const { zScore } = detectWatermark(tokenIds, SETTINGS);
  expect(detectWatermark(tokenIds, SETTINGS, zScore).isWatermarked).toBe(false);
  expect(detectWatermark(tokenIds, SETTINGS, zScore - 0.01).isWatermarked).toBe(true);
});

test('A text that is too short is rejected', () => {
  expect(() => detectWatermark([1], SETTINGS)).toThrow(
    new RangeError('Cannot detect a watermark: got 1 tokens, but at least 2 are needed'),
  );
  expect(() => detectWatermark([1, 2, 3], { ...SETTINGS, contextWidth: 3 })).toThrow(RangeError);
  expect(() => detectWatermark([1, 2, 3], { ...SETTINGS, contextWidth: 3, seedingScheme: 'selfhash' })).not.toThrow();
  expect(() => detectWatermark([1, 2], SETTINGS, Number.NaN)).toThrow(
    new RangeError('Cannot detect a watermark: zThreshold is NaN'),
  );
});
