import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyProcessor, keptIds } from '../../test/apply-processor.ts';
import { allowedTokens } from './allowed-tokens.ts';
import { badWords } from './bad-words.ts';
import { beginSuppressTokens } from './begin-suppress-tokens.ts';
import { encoderRepetitionPenalty } from './encoder-repetition-penalty.ts';
import { logitBias } from './logit-bias.ts';
import { prefixAllowedTokens } from './prefix-allowed-tokens.ts';
import { sequenceBias } from './sequence-bias.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

describe('logitBias', () => {
  test('adds each bias to the logit of its token', () => {
    const biases = new Map([
      [2, 1.5],
      [0, -100],
      [3, 100],
    ]);
    expect(applyProcessor(logitBias(biases), [1, 2, 3, REMOVED])).toEqual([-99, 2, 4.5, REMOVED]);
  });

  test('does not see what happens to the map later', () => {
    const biases = new Map([[0, 1]]);
    const bias = logitBias(biases);
    biases.set(1, 5);
    expect(applyProcessor(bias, [0, 0])).toEqual([1, 0]);
  });
});

describe('sequenceBias', () => {
  const biases = [
    { tokenIds: [3], bias: 1 },
    { tokenIds: [1, 3], bias: 2 },
    { tokenIds: [0, 1, 3], bias: 4 },
    { tokenIds: [0, 1, 2], bias: REMOVED },
  ];

  test('adds up the biases of all sequences that the next token would complete', () => {
    expect(applyProcessor(sequenceBias(biases), [0, 0, 0, 0], [2], [2])).toEqual([0, 0, 0, 1]);
    expect(applyProcessor(sequenceBias(biases), [0, 0, 0, 0], [2], [1])).toEqual([0, 0, 0, 3]);
    expect(applyProcessor(sequenceBias(biases), [0, 0, 0, 0], [0], [1])).toEqual([0, 0, REMOVED, 7]);
  });

  test('takes the later of two biases of one sequence', () => {
    const twice = [...biases, { tokenIds: [1, 3], bias: 16 }];
    expect(applyProcessor(sequenceBias(twice), [0, 0, 0, 0], [1])).toEqual([0, 0, 0, 17]);
  });

  test('of nothing changes nothing', () => {
    expect(applyProcessor(sequenceBias([]), [1, 2], [1])).toEqual([1, 2]);
  });
});

describe('badWords', () => {
  test('keeps every word from being completed', () => {
    const words = [[0], [1, 2], [2, 2, 3]];
    expect(keptIds(applyProcessor(badWords(words), [0, 0, 0, 0], [2], [2]))).toEqual([1, 2]);
    expect(keptIds(applyProcessor(badWords(words), [0, 0, 0, 0], [2], [1]))).toEqual([1, 3]);
  });

  test('lets the text end', () => {
    expect(keptIds(applyProcessor(badWords([[0], [1]], [1]), [0, 0]))).toEqual([1]);
    expect(keptIds(applyProcessor(badWords([[1]], [1]), [0, 0]))).toEqual([0, 1]);
    // But not a word that begins with a stop token.
    expect(keptIds(applyProcessor(badWords([[1, 0]], [1]), [0, 0], [1]))).toEqual([1]);
  });
});

test('encoderRepetitionPenalty changes each token of the prompt once, whatever was generated', () => {
  const encourage = encoderRepetitionPenalty(2);
  expect(applyProcessor(encourage, [3, -3, 3, REMOVED], [0, 1, 0, 3], [2])).toEqual([6, -1.5, 3, REMOVED]);
  // One processor may see several prompts.
  expect(applyProcessor(encourage, [3, -3, 3, 3], [2], [0])).toEqual([3, -3, 6, 3]);
});

describe('beginSuppressTokens', () => {
  test('waits for the second token where the first is forced', () => {
    const suppress = beginSuppressTokens([1], true);
    expect(applyProcessor(suppress, [1, 1], [0])).toEqual([1, 1]);
    expect(applyProcessor(suppress, [1, 1], [0], [0])).toEqual([1, REMOVED]);
    expect(applyProcessor(suppress, [1, 1], [0, 0])).toEqual([1, REMOVED]);
    expect(applyProcessor(suppress, [1, 1], [0, 0], [0])).toEqual([1, 1]);
  });
});

describe('allowedTokens and prefixAllowedTokens', () => {
  test('leave the listed tokens as they are and nothing else', () => {
    const row = fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(REMOVED)), {
      minLength: 6,
      maxLength: 6,
    });
    const listed = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(row, listed, (logits, tokenIds) => {
        const expected = logits.map((logit, id) => (tokenIds.includes(id) ? logit : REMOVED));
        expect(applyProcessor(allowedTokens(tokenIds), logits)).toEqual(expected);
        expect(
          applyProcessor(
            prefixAllowedTokens(() => tokenIds),
            logits,
          ),
        ).toEqual(expected);
      }),
    );
  });

  test('follow the text, prompt included', () => {
    const onlyNext = prefixAllowedTokens((tokenIds) => [tokenIds.length, tokenIds.at(-1)!]);
    expect(keptIds(applyProcessor(onlyNext, [0, 0, 0, 0], [0], [1]))).toEqual([1, 2]);
    expect(keptIds(applyProcessor(onlyNext, [0, 0, 0, 0], [0], [1, 0]))).toEqual([0, 3]);
  });

  test('bring no removed token back', () => {
    expect(
      applyProcessor(
        prefixAllowedTokens(() => [0]),
        [REMOVED, 1],
      ),
    ).toEqual([REMOVED, REMOVED]);
  });
});
