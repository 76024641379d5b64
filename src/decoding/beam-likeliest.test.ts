import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runSearchOnRows, searchInput } from '../../test/run-search.ts';
import { philox } from '../base/random.ts';
import type { GenerationOptions } from '../config/neutral-options.ts';
import { BeamSearch } from './beam-search.ts';
import { TokenSequence } from './token-sequence.ts';

const VOCAB_SIZE = 23;
const PROMPT = [1];

/** Rows in quarters, for many ties; now and then a token that cannot come. */
const rowsOf = (seed: number) => (tokenIds: readonly number[]) =>
  Array.from({ length: VOCAB_SIZE }, (_, id) => {
    const [bits] = philox(seed, tokenIds.reduce((hash, token) => hash * 31 + token, id + 1) >>> 0);
    return bits! % 13 === 0 ? Number.NEGATIVE_INFINITY : (bits! % 40) / 4;
  });

const inputOf = (options: Partial<GenerationOptions>) =>
  searchInput({ maxNewTokens: 6, ...options }, { promptLength: PROMPT.length, vocabSize: VOCAB_SIZE });

const tokenIds = fc.uniqueArray(fc.nat({ max: VOCAB_SIZE - 1 }), { maxLength: 3 });
const options: fc.Arbitrary<Partial<GenerationOptions>> = fc
  .record({
    numBeams: fc.constantFrom(1, 2, 4),
    stopTokenIds: tokenIds,
    minNewTokens: fc.nat({ max: 4 }),
    noRepeatNgramSize: fc.nat({ max: 3 }),
    badWordsIds: fc.array(fc.array(fc.nat({ max: VOCAB_SIZE - 1 }), { minLength: 1, maxLength: 2 }), { maxLength: 3 }),
    suppressTokens: tokenIds,
    beginSuppressTokens: tokenIds,
    forcedBosTokenId: fc.option(fc.nat({ max: VOCAB_SIZE - 1 }), { nil: undefined }),
    forcedEosTokenId: tokenIds,
    earlyStopping: fc.constantFrom<GenerationOptions['earlyStopping']>(true, false, 'never'),
  })
  .map((all) => ({ ...all, numReturnSequences: all.numBeams }));

describe('Beams over the likeliest tokens of each row', () => {
  const find = (given: Partial<GenerationOptions>, seed: number, givesRows: boolean) => {
    const search = new BeamSearch(inputOf(given));
    expect(search.numLikeliest).toBeGreaterThan(0);
    try {
      return runSearchOnRows(search, PROMPT, { logitsAfter: rowsOf(seed), givesRows });
    } catch (error) {
      return error;
    }
  };

  test('find what they find over whole rows', () => {
    fc.assert(
      fc.property(options, fc.nat(), (given, seed) => {
        expect(find(given, seed, false)).toEqual(find(given, seed, true));
      }),
    );
  });

  test('find what they find over whole rows, in groups', () => {
    const groups = fc.record({ numBeamGroups: fc.constantFrom(2, 4), diversityPenalty: fc.constantFrom(0.25, 1, 9) });
    fc.assert(
      fc.property(options, groups, fc.nat(), (given, own, seed) => {
        const all = { ...given, ...own, numBeams: 4, numReturnSequences: 4 };
        expect(find(all, seed, false)).toEqual(find(all, seed, true));
      }),
    );
  });

  test.each([
    ['two beams', { numBeams: 2 }, 4],
    ['three stop tokens', { numBeams: 2, stopTokenIds: [4, 5, 6] }, 8],
    ['tokens that may be removed', { numBeams: 2, stopTokenIds: [4], suppressTokens: [1, 2], minNewTokens: 2 }, 7],
    ['groups', { numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 }, 8],
    ['n-grams that may come again', { numBeams: 2, noRepeatNgramSize: 2 }, 9],
    ['penalties', { numBeams: 2, repetitionPenalty: 1.5 }, undefined],
    ['drawing', { numBeams: 2, temperature: 1 }, undefined],
    ['log probabilities', { numBeams: 2, logProbs: 1 }, undefined],
    ['guidance', { numBeams: 2, guidanceScale: 2 }, undefined],
    ['values that are not finite', { numBeams: 2, removeInvalidValues: true }, undefined],
    ['more than it is worth', { numBeams: 2, noRepeatNgramSize: 2, maxNewTokens: 500 }, undefined],
  ])('ask for as many as can be candidates: %s', (_, given, wanted) => {
    expect(new BeamSearch(inputOf(given)).numLikeliest).toBe(wanted);
  });

  test.each([
    [Number.NaN, 'the logit of token 3 is NaN, but it must be finite'],
    [Number.POSITIVE_INFINITY, 'the logit of token 3 is Infinity, but it must be finite'],
    [Number.NEGATIVE_INFINITY, 'all logits are -Infinity, but one must be finite'],
  ])('refuse a likeliest logit of %s', (logit, problem) => {
    const likeliest = [{ tokenIds: Int32Array.of(3), logits: Float32Array.of(logit) }];
    const hypothesis = { sequence: new TokenSequence(PROMPT), rows: [], likeliest, logSums: Float32Array.of(logit) };
    expect(() =>
      new BeamSearch(inputOf({ numBeams: 2 })).advance([{ ...hypothesis, draft: undefined, hidden: undefined }]),
    ).toThrow(new RangeError(`Cannot choose the token at position 1: ${problem}`));
  });
});
