import { describe, expect, test } from 'vitest';
import { applyProcessor } from '../../test/apply-processor.ts';
import { type WatermarkSettings, watermark } from './watermark.ts';

const SETTINGS: WatermarkSettings = {
  greenlistRatio: 0.25,
  bias: 2,
  hashingKey: 15485863,
  seedingScheme: 'lefthash',
  contextWidth: 1,
};
const VOCAB = 4000;

/** The tokens that get the bias after a text. */
function greenIds(tokenIds: readonly number[], settings: Partial<WatermarkSettings> = {}): number[] {
  const row = applyProcessor(watermark({ ...SETTINGS, ...settings }), Array(VOCAB).fill(0), [], tokenIds);
  return row.flatMap((logit, id) => (logit === 0 ? [] : [id]));
}

function share(a: readonly number[], b: readonly number[]): number {
  const others = new Set(b);
  return a.filter((id) => others.has(id)).length / a.length;
}

const SCHEMES = [
  { seedingScheme: 'lefthash', contextWidth: 1 },
  { seedingScheme: 'lefthash', contextWidth: 3 },
  { seedingScheme: 'selfhash', contextWidth: 1 },
  { seedingScheme: 'selfhash', contextWidth: 4 },
] as const;

describe.each(SCHEMES)('watermark with $seedingScheme of width $contextWidth', (scheme) => {
  test('prefers a share of the vocabulary near the ratio, in every context', () => {
    for (const greenlistRatio of [0.1, 0.25, 0.7]) {
      for (let first = 0; first < 20; first++) {
        const { length } = greenIds([first, 5, first + 1, 7 * first], { ...scheme, greenlistRatio });
        // Five standard deviations of the binomial distribution.
        const margin = 5 * Math.sqrt(VOCAB * greenlistRatio * (1 - greenlistRatio));
        expect(Math.abs(length - VOCAB * greenlistRatio)).toBeLessThan(margin);
      }
    }
  });

  test('adds the bias to green tokens and leaves the others and removed ones', () => {
    const logits = Array.from({ length: VOCAB }, (_, id) => (id % 3 === 0 ? Number.NEGATIVE_INFINITY : id % 7));
    const green = new Set(greenIds([3, 1, 2, 3], scheme));
    const row = applyProcessor(watermark({ ...SETTINGS, ...scheme, bias: 1.5 }), logits, [3, 1], [2, 3]);
    expect(row).toEqual(logits.map((logit, id) => (green.has(id) ? logit + 1.5 : logit)));
  });

  test('looks at no token before its context', () => {
    expect(greenIds([9, 8, 7, 6, 5, 4], scheme)).toEqual(greenIds([1, 1, 7, 6, 5, 4], scheme));
  });

  test('is another one under another key, of more than 32 bits too', () => {
    const lists = [1, 2, 1 + 2 ** 32].map((hashingKey) => greenIds([3, 1, 2, 3], { ...scheme, hashingKey }));
    expect(share(lists[0]!, lists[1]!)).toBeLessThan(0.35);
    expect(share(lists[0]!, lists[2]!)).toBeLessThan(0.35);
  });
});

test('lefthash gives each context a list of its own', () => {
  const lists = [1, 2, 3].map((last) => greenIds([last], {}));
  expect(share(lists[0]!, lists[1]!)).toBeLessThan(0.35);
  expect(share(lists[1]!, lists[2]!)).toBeLessThan(0.35);
  const wide = { contextWidth: 2 };
  expect(share(greenIds([1, 2], wide), greenIds([3, 2], wide))).toBeLessThan(0.35);
  expect(share(greenIds([1, 2], wide), greenIds([2, 1], wide))).toBeLessThan(0.35);
});

test('selfhash survives the change of one token of its context mostly, and of all not', () => {
  const wide = { seedingScheme: 'selfhash', contextWidth: 4 } as const;
  const list = greenIds([1, 2, 3], wide);
  // Of four hashes the lowest is the changed token's old one in a quarter of cases, its new one in a fifth of the others.
  expect(share(list, greenIds([1, 9, 3], wide))).toBeGreaterThan(0.6);
  expect(share(list, greenIds([7, 8, 9], wide))).toBeLessThan(0.5);
  // The order of the tokens before does not matter.
  expect(greenIds([3, 1, 2], wide)).toEqual(list);
});

test('watermark adds nothing while there are too few tokens before', () => {
  expect(greenIds([], {})).toEqual([]);
  expect(greenIds([1, 2], { contextWidth: 3 })).toEqual([]);
  expect(greenIds([1, 2], { contextWidth: 4, seedingScheme: 'selfhash' })).toEqual([]);
  expect(greenIds([1, 2], { contextWidth: 3, seedingScheme: 'selfhash' })).not.toEqual([]);
});

test('The green lists are always the same', () => {
  const first = (...given: Parameters<typeof greenIds>) => greenIds(...given).slice(0, 12);
  expect(first([42])).toEqual([2, 3, 6, 13, 16, 23, 27, 31, 32, 34, 39, 41]);
  expect(first([42, 7], { contextWidth: 2 })).toEqual([7, 8, 9, 11, 12, 18, 22, 32, 33, 38, 39, 40]);
  expect(first([42, 7, 9], { seedingScheme: 'selfhash', contextWidth: 4 })).toEqual([
    7, 10, 15, 20, 22, 24, 26, 28, 31, 35, 36, 55,
  ]);
});

test.each([
  [{ greenlistRatio: 0 }, new RangeError('Cannot watermark: greenlistRatio is 0, but it must be above 0 and below 1')],
  [{ greenlistRatio: 1 }, new RangeError('Cannot watermark: greenlistRatio is 1, but it must be above 0 and below 1')],
  [{ bias: Number.POSITIVE_INFINITY }, new RangeError('Cannot watermark: bias is Infinity, but it must be finite')],
  [{ hashingKey: 1.5 }, new RangeError('Cannot watermark: hashingKey is 1.5, but it must be a whole number from 0')],
  [{ hashingKey: -1 }, new RangeError('Cannot watermark: hashingKey is -1, but it must be a whole number from 0')],
  [{ contextWidth: 0 }, new RangeError('Cannot watermark: contextWidth is 0, but it must be a whole number above 0')],
  [
    { seedingScheme: 'righthash' as 'lefthash' },
    new TypeError("Cannot watermark: seedingScheme is 'righthash', but it must be 'lefthash' or 'selfhash'"),
  ],
])('watermark rejects %o', (wrong, error) => {
  expect(() => watermark({ ...SETTINGS, ...wrong })).toThrow(error);
});
