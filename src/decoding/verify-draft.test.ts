import { describe, expect, test } from 'vitest';
import { uniform } from '../base/random.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { DRAFT_LANE, distributionOf } from '../sampling/rejection-sampler.ts';
import { repetitionPenalty } from '../sampling/repetition-penalty.ts';
import { chooseToken, drawToken, type SamplerOptions } from '../sampling/sampler.ts';
import { temperature } from '../sampling/temperature.ts';
import { topK } from '../sampling/top-k.ts';
import { TokenSequence } from './token-sequence.ts';
import { type DraftVerification, type VerifiedToken, verifyDraft } from './verify-draft.ts';

const VOCAB_SIZE = 50;
const NO_CHAIN: ProcessorChain = { processors: [], filters: [], isShortlisted: false };
const GREEDY: SamplerOptions = { chain: NO_CHAIN, temperature: 0, seed: 1 };

/** What a made-up model says after a token. */
function rowAfter(tokenId: number): Float32Array {
  return Float32Array.from({ length: VOCAB_SIZE }, (_, id) => 3 * Math.sin((tokenId + 1) * 37.1 + id * 12.9898));
}

function rowsFor(sequence: TokenSequence, draftIds: readonly number[]): Float32Array[] {
  return [sequence.tokenIds.at(-1)!, ...draftIds].map(rowAfter);
}

/** The next tokens one by one, as they are chosen without drafts. */
function undrafted(sequence: TokenSequence, count: number, chooser: SamplerOptions): number[] {
  const tokens = sequence.fork();
  while (tokens.position < sequence.position + count)
    tokens.append([chooseToken(rowAfter(tokens.tokenIds.at(-1)!), tokens, chooser)]);
  return tokens.tokenIds.slice(sequence.position);
}

function verify(input: Omit<DraftVerification, 'rows'> & { readonly sequence: TokenSequence }): VerifiedToken[] {
  const rows = rowsFor(input.sequence, input.draft?.tokenIds ?? []);
  return [...verifyDraft({ ...input, rows })];
}

const accepted = (tokenId: number) => ({ tokenId, isAccepted: true });
const other = (tokenId: number) => ({ tokenId, isAccepted: false });

describe.each([
  ['greedy', GREEDY],
  ['drawn', { chain: NO_CHAIN, temperature: 1, seed: 11 }],
])('exact acceptance, %s', (_, chooser) => {
  const sequence = new TokenSequence([4, 8], [15]);
  const ids = undrafted(sequence, 5, chooser);

  test('a right draft is taken whole, and one more token with it', () => {
    const verified = verify({ sequence, draft: { tokenIds: ids.slice(0, 4) }, chooser, acceptance: 'exact' });
    expect(verified).toEqual([...ids.slice(0, 4).map(accepted), other(ids[4]!)]);
  });

  test('a draft is taken up to its first wrong token, which the right one replaces', () => {
    const wrong = (ids[2]! + 1) % VOCAB_SIZE;
    const tokenIds = [ids[0]!, ids[1]!, wrong, ids[3]!];
    const verified = verify({ sequence, draft: { tokenIds }, chooser, acceptance: 'exact' });
    expect(verified).toEqual([accepted(ids[0]!), accepted(ids[1]!), other(ids[2]!)]);
  });

  test('without a draft there is one token', () => {
    expect(verify({ sequence, draft: undefined, chooser, acceptance: 'exact' })).toEqual([other(ids[0]!)]);
    expect(verify({ sequence, draft: { tokenIds: [] }, chooser, acceptance: 'exact' })).toEqual([other(ids[0]!)]);
  });
});

test('Processors see the tokens that were accepted before, as they would without a draft', () => {
  const chooserWithPenalty = (): SamplerOptions => ({
    chain: { processors: [repetitionPenalty(3), topK(5)], filters: [temperature(0.5)], isShortlisted: true },
    temperature: 0.5,
    seed: 3,
  });
  const sequence = new TokenSequence([1], [2, 3]);
  const ids = undrafted(sequence, 6, chooserWithPenalty());
  expect(ids).not.toEqual(undrafted(sequence, 6, { ...chooserWithPenalty(), chain: NO_CHAIN }));
  const draft = { tokenIds: ids.slice(0, 5) };
  const verified = verify({ sequence, draft, chooser: chooserWithPenalty(), acceptance: 'exact' });
  expect(verified.map(({ tokenId }) => tokenId)).toEqual(ids);
});

test('The sequence itself is left as it is', () => {
  const sequence = new TokenSequence([4, 8], [15]);
  const draft = { tokenIds: undrafted(sequence, 3, GREEDY) };
  expect(verify({ sequence, draft, chooser: GREEDY, acceptance: 'exact' })).toHaveLength(4);
  expect(sequence.tokenIds).toEqual([4, 8, 15]);
});

test('A caller that stops half-way has later rows neither looked at nor changed', () => {
  const sequence = new TokenSequence([4]);
  const draft = { tokenIds: undrafted(sequence, 3, GREEDY) };
  const rows = rowsFor(sequence, draft.tokenIds);
  rows[2]!.fill(Number.NaN);
  const taken: number[] = [];
  for (const { tokenId } of verifyDraft({ sequence, rows, draft, chooser: GREEDY, acceptance: 'exact' })) {
    taken.push(tokenId);
    if (taken.length === 2) break;
  }
  expect(taken).toEqual(draft.tokenIds.slice(0, 2));
});

test('onRow sees each row raw, and only those that a token is chosen from', () => {
  const chain: ProcessorChain = { processors: [repetitionPenalty(100)], filters: [], isShortlisted: false };
  const sequence = new TokenSequence([4]);
  const seen: Float32Array[] = [];
  const input = { sequence, chooser: { ...GREEDY, chain }, onRow: (row: Float32Array) => seen.push(row.slice()) };
  const [first] = verify({ ...input, draft: undefined, acceptance: 'exact' });
  expect(seen).toEqual([rowAfter(4)]);
  seen.length = 0;
  const draft = { tokenIds: [first!.tokenId, 4, 4, 4] };
  const verified = verify({ ...input, draft, acceptance: 'exact' });
  expect(seen).toEqual([rowAfter(4), rowAfter(first!.tokenId)]);
  expect(verified).toHaveLength(2);
});

test('Rejection with a greedy choice is the same as exact acceptance', () => {
  const sequence = new TokenSequence([4]);
  const ids = undrafted(sequence, 3, GREEDY);
  const draft = { tokenIds: [ids[0]!, ids[1]!, 49], distributions: Array(3).fill(distributionOf(rowAfter(1))) };
  const verified = verify({ sequence, draft, chooser: GREEDY, acceptance: 'rejection' });
  expect(verified).toEqual(verify({ sequence, draft, chooser: GREEDY, acceptance: 'exact' }));
  expect(verified.length).toBeGreaterThan(2);
});

describe('rejection', () => {
  const P = [
    [0.1, 0.6, 0.3],
    [0.5, 0.2, 0.3],
    [0.2, 0.2, 0.6],
  ];
  const Q = [
    [0.4, 0.2, 0.4],
    [0.5, 0.2, 0.3],
    [0.05, 0.9, 0.05],
  ];
  const NUM_DRAWS = 30_000;
  /** 99.9 % point of the chi-square distribution with 26 degrees of freedom. */
  const CRITICAL = 54.05;
  const logits = (table: readonly (readonly number[])[], tokenId: number) =>
    Float32Array.from(table[tokenId]!, Math.log);

  /** A draft drawn from Q as a Markov chain. */
  function draftFrom(sequence: TokenSequence, count: number, seed: number) {
    const tokens = sequence.fork();
    const distributions: Float32Array[] = [];
    while (distributions.length < count) {
      const row = logits(Q, tokens.tokenIds.at(-1)!);
      const tokenId = drawToken(row, uniform(seed, tokens.position, DRAFT_LANE))!;
      distributions.push(distributionOf(row));
      tokens.append([tokenId]);
    }
    return { tokenIds: tokens.tokenIds.slice(sequence.position), distributions };
  }

  test.each([
    ['drawn', 1, (sequence: TokenSequence, seed: number) => draftFrom(sequence, 1, seed)],
    ['drawn', 3, (sequence: TokenSequence, seed: number) => draftFrom(sequence, 3, seed)],
    ['certain', 2, () => ({ tokenIds: [1, 0] })],
  ])('texts drawn with %s drafts of %i tokens are distributed as without', (_, __, draftFor) => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < NUM_DRAWS; seed++) {
      const sequence = new TokenSequence([0]);
      while (sequence.position < 4) {
        const draft = draftFor(sequence, seed);
        const rows = [sequence.tokenIds.at(-1)!, ...draft.tokenIds].map((tokenId) => logits(P, tokenId));
        const chooser = { chain: NO_CHAIN, temperature: 1, seed };
        const verified = [...verifyDraft({ sequence, rows, draft, chooser, acceptance: 'rejection' })];
        sequence.append(verified.map(({ tokenId }) => tokenId));
      }
      const text = sequence.tokenIds.slice(1, 4).join('');
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    let chiSquare = 0;
    for (const [a, b, c] of triples()) {
      const mean = NUM_DRAWS * P[0]![a]! * P[a]![b]! * P[b]![c]!;
      chiSquare += ((counts.get(`${a}${b}${c}`) ?? 0) - mean) ** 2 / mean;
    }
    expect(chiSquare).toBeLessThan(CRITICAL);
  });

  function triples(): [number, number, number][] {
    const ids = [0, 1, 2];
    return ids.flatMap((a) => ids.flatMap((b) => ids.map((c): [number, number, number] => [a, b, c])));
  }

  test('runs the chain before it compares', () => {
    const chain: ProcessorChain = { processors: [topK(1)], filters: [temperature(0.7)], isShortlisted: true };
    const sequence = new TokenSequence([4]);
    const best = undrafted(sequence, 2, GREEDY);
    const distributions = [distributionOf(rowAfter(4))];
    for (let seed = 0; seed < 20; seed++) {
      const chooser = { chain, temperature: 0.7, seed };
      const wrong = { tokenIds: [(best[0]! + 1) % VOCAB_SIZE], distributions };
      expect(verify({ sequence, draft: wrong, chooser, acceptance: 'rejection' })).toEqual([other(best[0]!)]);
      const right = { tokenIds: [best[0]!], distributions };
      const verified = verify({ sequence, draft: right, chooser, acceptance: 'rejection' });
      expect(verified).toEqual([accepted(best[0]!), other(best[1]!)]);
    }
  });
});

describe('what cannot be', () => {
  const sequence = new TokenSequence([4, 8]);
  const input = { sequence, chooser: GREEDY, acceptance: 'exact' as const };

  test('rows and distributions that do not fit the draft', () => {
    const draft = { tokenIds: [1, 2] };
    expect(() => [...verifyDraft({ ...input, draft, rows: [rowAfter(8)] })]).toThrow(
      new RangeError('Cannot check a draft of 2 tokens: got 1 rows of logits, wanted 3'),
    );
    const distributions = [distributionOf(rowAfter(8))];
    expect(() => verify({ ...input, draft: { ...draft, distributions } })).toThrow(
      new RangeError('Cannot check a draft of 2 tokens: got 1 distributions of them'),
    );
  });

  test('logits that are not finite, at the position that they are of', () => {
    const draft = { tokenIds: undrafted(sequence, 1, GREEDY) };
    const rows = rowsFor(sequence, draft.tokenIds);
    rows[1]![7] = Number.NaN;
    expect(() => [...verifyDraft({ ...input, draft, rows })]).toThrow(
      new RangeError('Cannot choose the token at position 3: the logit of token 7 is NaN, but it must be finite'),
    );
  });
});
