import { describe, expect, test } from 'vitest';
import { PLOTS } from './story-plots.mjs';
import { storyRandom } from './story-random.mjs';
import { writeStory } from './story-writer.mjs';

const STORIES = Array.from({ length: 5000 }, (_, i) => writeStory(storyRandom(5, i)));
const numWords = (text) => text.split(' ').length;

describe('writeStory', () => {
  test('writes the same story for the same seed and number, and another one for others', () => {
    expect(writeStory(storyRandom(7, 3))).toEqual(writeStory(storyRandom(7, 3)));
    const seeds = [storyRandom(7, 3), storyRandom(7, 4), storyRandom(8, 3), storyRandom(7 + 2 ** 32, 3)];
    expect(new Set(seeds.map((random) => writeStory(random).text)).size).toBe(4);
  });

  test('hardly ever writes a story twice', () => {
    expect(new Set(STORIES.map(({ text }) => text)).size).toBe(STORIES.length);
  });

  test('writes all plots equally often', () => {
    for (const { name } of PLOTS) {
      const share = STORIES.filter(({ plot }) => plot === name).length / STORIES.length;
      expect(Math.abs(share * PLOTS.length - 1)).toBeLessThan(0.25); // five standard deviations
    }
  });

  test('keeps a length that a context of 256 tokens holds', () => {
    const lengths = STORIES.map(({ text }) => numWords(text)).sort((a, b) => a - b);
    expect(lengths[0]).toBeGreaterThanOrEqual(60);
    expect(lengths.at(-1)).toBeLessThanOrEqual(190);
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThan(130);
  });

  test('often begins with "Once upon a time"', () => {
    const share = STORIES.filter(({ text }) => text.startsWith('Once upon a time')).length / STORIES.length;
    expect(share).toBeGreaterThan(0.15);
  });

  test('writes clean English: articles, spaces, quotation marks, sentence ends', () => {
    for (const { text } of STORIES) {
      expect(text).not.toMatch(/\ba [aeiou]|\ban [^aeiou]|\ba an?\b| {2}|[{}[\]|]|undefined| [.,!?]|[.,]{2}/i);
      expect(text).toMatch(/^[A-Z].*[.!?]"?$/);
      expect(text).not.toMatch(/[.!?] [a-z]/);
      expect(text.split('"').length % 2).toBe(1);
    }
  });

  test('says where its slots stand', () => {
    for (const { text, mentions, bindings } of STORIES.slice(0, 200)) {
      for (const { slot, form, start, end } of mentions.filter(({ form }) => form === 'text')) {
        const value = bindings[slot][form];
        if (!value.includes('{')) expect(text.slice(start, end).toLowerCase()).toBe(value.toLowerCase());
      }
    }
  });
});
