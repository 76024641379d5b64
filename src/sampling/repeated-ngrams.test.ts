import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyProcessor, keptIds } from '../../test/apply-processor.ts';
import { encoderNoRepeatNgram } from './encoder-no-repeat-ngram.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { noRepeatNgram } from './no-repeat-ngram.ts';

const ROW = [0, 0, 0, 0];

function ngramsOf(tokenIds: readonly number[], size: number): string[] {
  return tokenIds.slice(size - 1).map((_, start) => tokenIds.slice(start, start + size).join());
}

/** Ids whose n-gram with the last tokens is in the list. */
function repeating(ngrams: readonly string[], tokenIds: readonly number[], size: number): number[] {
  return ROW.map((_, id) => id).filter((id) => ngrams.includes(ngramsOf([...tokenIds, id], size).at(-1) ?? 'none'));
}

function removedIds(
  processor: LogitsProcessor,
  promptIds: readonly number[],
  generatedIds: readonly number[],
): number[] {
  const kept = new Set(keptIds(applyProcessor(processor, ROW, promptIds, generatedIds)));
  return ROW.map((_, id) => id).filter((id) => !kept.has(id));
}

test('noRepeatNgram removes exactly what would repeat an n-gram, encoderNoRepeatNgram what would copy one', () => {
  const tokens = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 });
  fc.assert(
    fc.property(tokens, tokens, fc.integer({ min: 1, max: 5 }), (promptIds, generatedIds, size) => {
      const tokenIds = [...promptIds, ...generatedIds];
      expect(removedIds(noRepeatNgram(size), promptIds, generatedIds)).toEqual(
        repeating(ngramsOf(tokenIds, size), tokenIds, size),
      );
      expect(removedIds(encoderNoRepeatNgram(size), promptIds, generatedIds)).toEqual(
        repeating(ngramsOf(promptIds, size), tokenIds, size),
      );
    }),
    { numRuns: 500 },
  );
});

test('A text without a repeated trigram never gets one', () => {
  const block = noRepeatNgram(3);
  const tokenIds = [0];
  for (let step = 0; step < 40; step++) {
    const [next] = keptIds(applyProcessor(block, ROW, [], tokenIds));
    if (next === undefined) break;
    tokenIds.push(next);
  }
  const trigrams = ngramsOf(tokenIds, 3);
  expect(trigrams.length).toBeGreaterThanOrEqual(10);
  expect(new Set(trigrams).size).toBe(trigrams.length);
});

test('Tokens of the prompt that the model has no logits for are passed over', () => {
  expect(applyProcessor(noRepeatNgram(1), ROW, [99, 1])).toEqual([0, Number.NEGATIVE_INFINITY, 0, 0]);
});
