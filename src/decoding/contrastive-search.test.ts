import { describe, expect, test } from 'vitest';
import { type RowSource, runSearchOnRows, searchInput } from '../../test/run-search.ts';
import { uniform } from '../base/random.ts';
import type { GenerationOptions } from '../config/neutral-options.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { ContrastiveSearch } from './contrastive-search.ts';
import type { GeneratedToken } from './generation-output.ts';
import type { SearchInput } from './sampling-search.ts';

const VOCAB_SIZE = 6;
const WIDTH = 3;
const PROMPT = [3, 1, 4];

/** Logits and hidden states that depend on all tokens, in no simple way. */
const source: RowSource = {
  logitsAfter: (tokenIds) => numbers(tokenIds, 0, VOCAB_SIZE).map((value) => 5 * value),
  hiddenAfter: (tokenIds) => numbers(tokenIds, 100, WIDTH),
};

function numbers(tokenIds: readonly number[], lane: number, count: number): number[] {
  const hash = tokenIds.reduce((sum, id) => (sum * 31 + id + 7) % 1_000_003, 1);
  return Array.from({ length: count }, (_, i) => uniform(hash, i, lane) - 0.4);
}

function inputOf(given: Partial<GenerationOptions>, more: Partial<SearchInput> = {}): SearchInput {
  return searchInput(
    { penaltyAlpha: 0.5, topK: 3, maxNewTokens: 10, ...given },
    {
      promptLength: PROMPT.length,
      vocabSize: VOCAB_SIZE,
      detokenizerFor: () => ({ push: (id) => 'abcdef'[id]!, flush: () => '' }),
      ...more,
    },
  );
}

function search(given: Partial<GenerationOptions>, from: Partial<RowSource> = {}, more: Partial<SearchInput> = {}) {
  const [result] = runSearchOnRows(new ContrastiveSearch(inputOf(given, more)), PROMPT, { ...source, ...from });
  return result!;
}

/** Equation 5 of the paper, computed anew for each candidate. */
function byFormula(alpha: number, k: number, length: number): readonly number[] {
  const tokenIds = [...PROMPT];
  const statesUpTo = (ids: readonly number[]) => ids.map((_, i) => source.hiddenAfter!(ids.slice(0, i + 1)));
  while (tokenIds.length < PROMPT.length + length) {
    const logits = [...Array.from(source.logitsAfter(tokenIds))];
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const likeliest = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!).slice(0, k);
    const context = statesUpTo(tokenIds);
    const scored = likeliest.map((id) => {
      const state = source.hiddenAfter!([...tokenIds, id]);
      const penalty = Math.max(...context.map((other) => cosine(state, other)));
      return { id, score: ((1 - alpha) * Math.exp(logits[id]!)) / total - alpha * penalty };
    });
    tokenIds.push(scored.sort((a, b) => b.score - a.score)[0]!.id);
  }
  return tokenIds.slice(PROMPT.length);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe('ContrastiveSearch', () => {
  test.each([
    [0.1, 2],
    [0.5, 3],
    [0.6, 6],
    [0.95, 4],
  ])('α = %s, k = %s: the tokens of the formula', (penaltyAlpha, topK) => {
    const { tokenIds } = search({ penaltyAlpha, topK, maxNewTokens: 12 });
    expect(tokenIds).toEqual(byFormula(penaltyAlpha, topK, 12));
  });

  test('does not choose the likeliest token where it says the same again', () => {
    // Token 0 always has the direction of the prompt.
    const hiddenAfter = (tokenIds: readonly number[]) => (tokenIds.at(-1) === 5 ? [0, 1] : [1, 0]);
    const logitsAfter = () => [2, -9, -9, -9, -9, 1];
    const prompt = { hiddenAfter, logitsAfter };
    expect(search({ penaltyAlpha: 0.6, topK: 2, maxNewTokens: 1 }, prompt).tokenIds).toEqual([5]);
    expect(search({ penaltyAlpha: 0.1, topK: 2, maxNewTokens: 1 }, prompt).tokenIds).toEqual([0]);
  });

  test('of equals takes the likelier, then the lower id', () => {
    const same = { hiddenAfter: () => [1, 2], logitsAfter: () => [0, 1, 1, 0, 1, 0] };
    expect(search({ maxNewTokens: 3 }, same).tokenIds).toEqual([1, 1, 1]);
  });

  test('a state of zeros is like nothing', () => {
    const hiddenAfter = (tokenIds: readonly number[]) => (tokenIds.at(-1) === 2 ? [0, 0] : [1, 1]);
    expect(search({ maxNewTokens: 1 }, { hiddenAfter, logitsAfter: () => [1, 1, 1, 0, 0, 0] }).tokenIds).toEqual([2]);
  });

  test('ends after a stop token and before a stop string', () => {
    const [, , third] = byFormula(0.5, 3, 3);
    const free = search({}).tokenIds;
    const stopped = search({ stopTokenIds: [third!] });
    expect(stopped.tokenIds).toEqual(free.slice(0, free.indexOf(third!) + 1));
    expect(stopped).toMatchObject({ finishReason: 'stop', usage: { promptTokens: 3 } });
    const text = search({}).text.slice(1, 3);
    expect(search({ stopStrings: [text] })).toMatchObject({
      text: search({}).text.split(text)[0],
      finishReason: 'stop',
    });
  });

  test('reports each token once, with the raw log probabilities of the row it was chosen from', () => {
    const tokens: GeneratedToken[] = [];
    const given = { logProbs: 1, maxNewTokens: 5, repetitionPenalty: 1.5 };
    const result = search(given, {}, { onToken: (token) => tokens.push(token) });
    expect(tokens.map(({ tokenId }) => tokenId)).toEqual(result.tokenIds);
    for (const [i, { tokenId, logProb, topLogProbs }] of tokens.entries()) {
      const logits = [...Array.from(source.logitsAfter([...PROMPT, ...result.tokenIds.slice(0, i)]))];
      const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
      expect(logProb).toBeCloseTo(logits[tokenId]! - logSum, 5);
      expect(topLogProbs![0]!.logProb).toBeCloseTo(Math.max(...logits) - logSum, 5);
    }
  });

  test('when time is up, ends with the token whose candidates are out', () => {
    const full = search({}).tokenIds;
    const result = search({}, { isOverdue: (numSteps) => numSteps === 3 });
    expect(result).toMatchObject({ tokenIds: full.slice(0, 3), finishReason: 'time' });
    expect(search({}, { isOverdue: () => true })).toMatchObject({ tokenIds: [], finishReason: 'time' });
  });

  test('hands out no removed tokens', () => {
    expect(search({ allowedTokenIds: [2], maxNewTokens: 2 }).tokenIds).toEqual([2, 2]);
  });

  test('refuses logits that are not finite, a row without tokens, and stop strings without a detokenizer', () => {
    expect(() => search({}, { logitsAfter: () => [0, Number.NaN, 0, 0, 0, 0] })).toThrow(
      new RangeError('Cannot choose the token at position 3: the logit of token 1 is NaN, but it must be finite'),
    );
    const chain: ProcessorChain = {
      processors: [(row) => row.fill(Number.NEGATIVE_INFINITY)],
      filters: [],
      isShortlisted: false,
    };
    expect(() => search({}, {}, { chainFor: () => chain })).toThrow(
      new RangeError('Cannot choose the token at position 3: all 6 tokens are removed, but one must be left'),
    );
    expect(() => search({ stopStrings: ['a'] }, {}, { detokenizerFor: () => undefined })).toThrow(TypeError);
  });
});
