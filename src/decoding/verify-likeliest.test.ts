import fc from 'fast-check';
import { expect, test } from 'vitest';
import { likeliestToken } from '../sampling/sampler.ts';
import { TokenSequence } from './token-sequence.ts';
import { verifyDraft } from './verify-draft.ts';
import { verifyLikeliest } from './verify-likeliest.ts';

const sequence = new TokenSequence([1, 2, 3]);
const chooser = { chain: { processors: [], filters: [], isShortlisted: false }, temperature: 0, seed: 0 };

test('verifyLikeliest accepts what verifyDraft accepts of a greedy choice', () => {
  const logits = fc.constantFrom(-1, 0, 0, 1, 2, Number.NEGATIVE_INFINITY);
  const row = fc.array(logits, { minLength: 4, maxLength: 4 }).map((all) => Float32Array.of(0, ...all));
  const cases = fc
    .array(fc.tuple(row, fc.nat({ max: 4 }), fc.boolean()), { minLength: 1, maxLength: 6 })
    .map((all) => ({
      rows: all.map(([one]) => one),
      tokenIds: all.slice(1).map(([, guess, isRight], i) => (isRight ? likeliestToken(all[i]![0])! : guess)),
    }));
  fc.assert(
    fc.property(cases, ({ rows, tokenIds }) => {
      const likeliest = rows.map((one) => ({ tokenId: likeliestToken(one)!, logit: Math.max(...one) }));
      const draft = { tokenIds };
      const wanted = [...verifyDraft({ sequence, rows, draft, chooser, acceptance: 'exact' })];
      expect([...verifyLikeliest(sequence, likeliest, draft)]).toEqual(wanted);
    }),
  );
});

test('verifyLikeliest throws for logits that are not finite', () => {
  const first = (logit: number) => [...verifyLikeliest(sequence, [{ tokenId: 5, logit }], undefined)];
  const start = 'Cannot choose the token at position 3: ';
  expect(() => first(Number.NaN)).toThrow(`${start}the logit of token 5 is NaN, but it must be finite`);
  expect(() => first(Number.POSITIVE_INFINITY)).toThrow(
    `${start}the logit of token 5 is Infinity, but it must be finite`,
  );
  expect(() => first(Number.NEGATIVE_INFINITY)).toThrow(`${start}all logits are -Infinity, but one must be finite`);
});
