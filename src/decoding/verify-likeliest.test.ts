import fc from 'fast-check';
import { expect, test } from 'vitest';
import { likeliestOf } from '../../test/likeliest-of.ts';
import { NEUTRAL_OPTIONS } from '../config/neutral-options.ts';
import { composeProcessors } from '../sampling/compose-processors.ts';
import { chooseToken, numLikeliestWanted } from '../sampling/sampler.ts';
import { TokenSequence } from './token-sequence.ts';
import { verifyDraft } from './verify-draft.ts';
import { verifyLikeliest } from './verify-likeliest.ts';

const sequence = new TokenSequence([1, 2, 3]);
const CONTEXT = { seed: 7, maxLength: 9, vocabSize: 9 };
const chooserOf = (options: Partial<typeof NEUTRAL_OPTIONS>) => {
  const { temperature } = { ...NEUTRAL_OPTIONS, ...options };
  return { chain: composeProcessors({ ...NEUTRAL_OPTIONS, ...options }, CONTEXT), temperature, seed: 7 };
};

/** What a body gives, or the message of what it throws: processors may leave no token. */
function outcomeOf<Result>(body: () => Result): Result | string {
  try {
    return body();
  } catch (error) {
    return (error as Error).message;
  }
}

test.each([
  ['a greedy choice', { temperature: 0 }],
  ['a greedy choice without repetition', { temperature: 0, noRepeatNgramSize: 1, suppressTokens: [4] }],
  ['tokens that are drawn among few', { temperature: 0.8, topK: 3, topP: 0.9, badWordsIds: [[2], [3, 4]] }],
])('verifyLikeliest accepts what verifyDraft accepts of %s', (_, options) => {
  const logits = fc.constantFrom(-1, 0, 0, 1, 2, Number.NEGATIVE_INFINITY);
  const row = fc.array(logits, { minLength: 8, maxLength: 8 }).map((all) => Float32Array.of(...all, 0));
  const cases = fc.array(fc.tuple(row, fc.nat({ max: 8 }), fc.boolean()), { minLength: 1, maxLength: 6 });
  const chooser = chooserOf(options);
  fc.assert(
    fc.property(cases, (all) => {
      const view = sequence.fork();
      const draft = { tokenIds: [] as number[] };
      for (const [given, guess, isRight] of all.slice(0, -1)) {
        const right = outcomeOf(() => chooseToken(given.slice(), view, chooser));
        const tokenId = isRight && typeof right === 'number' ? right : guess;
        draft.tokenIds.push(tokenId);
        view.append([tokenId]);
      }
      const likeliest = all.map(([given]) => likeliestOf(given, numLikeliestWanted(chooser)!));
      const rows = all.map(([given]) => given.slice());
      const wanted = outcomeOf(() => [...verifyDraft({ sequence, rows, draft, chooser, acceptance: 'exact' })]);
      expect(outcomeOf(() => [...verifyLikeliest({ sequence, likeliest, draft, chooser })])).toEqual(wanted);
    }),
  );
});

test('verifyLikeliest throws for logits that are not finite', () => {
  const first = (logit: number) => {
    const likeliest = [{ tokenIds: Int32Array.of(5), logits: Float32Array.of(logit) }];
    return [...verifyLikeliest({ sequence, likeliest, draft: undefined, chooser: chooserOf({ temperature: 0 }) })];
  };
  const start = 'Cannot choose the token at position 3: ';
  expect(() => first(Number.NaN)).toThrow(`${start}the logit of token 5 is NaN, but it must be finite`);
  expect(() => first(Number.POSITIVE_INFINITY)).toThrow(
    `${start}the logit of token 5 is Infinity, but it must be finite`,
  );
  expect(() => first(Number.NEGATIVE_INFINITY)).toThrow(`${start}all logits are -Infinity, but one must be finite`);
});
