import { describe, expect, test } from 'vitest';
import { type RowSource, runSearchOnRows, searchInput } from '../../test/run-search.ts';
import type { GenerationOptions } from '../config/neutral-options.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { BeamSearch } from './beam-search.ts';
import type { GeneratedToken, GenerationResult } from './generation-output.ts';
import type { SearchInput } from './sampling-search.ts';
import { TokenSequence } from './token-sequence.ts';

const VOCABULARY = ['a', 'b', 'c', 'd', '<end>'];
const [A, B, C, D, END] = [0, 1, 2, 3, 4];
const PROMPT = [D, D];

/** A model that knows which tokens (by their logits) follow which text; after any other text all are alike. */
const TREE: Readonly<Record<string, readonly number[]>> = {
  '': [2, 1.8, 0, -1, -3],
  a: [0, 0.1, 0, 0.1, -2],
  b: [-2, -2, 5, -2, -2],
  bc: [-1, -1, -1, -1, 4],
};

const treeLogits = (tokenIds: readonly number[]) =>
  TREE[
    tokenIds
      .slice(PROMPT.length)
      .map((id) => VOCABULARY[id])
      .join('')
  ] ?? [0, 0.2, 0.4, 0.6, -3];

function inputOf(given: Partial<GenerationOptions>, more: Partial<SearchInput> = {}): SearchInput {
  return searchInput(
    { stopTokenIds: [END], maxNewTokens: 4, ...given },
    {
      promptLength: PROMPT.length,
      vocabSize: VOCABULARY.length,
      detokenizerFor: () => ({ push: (id) => VOCABULARY[id]!, flush: () => '' }),
      ...more,
    },
  );
}

function search(
  given: Partial<GenerationOptions>,
  source: Partial<RowSource> = {},
  more: Partial<SearchInput> = {},
): readonly GenerationResult[] {
  const input = inputOf(given, more);
  return runSearchOnRows(new BeamSearch(input), PROMPT, { logitsAfter: treeLogits, ...source });
}

const logSoftmax = (logits: readonly number[]) => {
  const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - logSum);
};

/** Log probability of each token of a text. */
const logProbsOf = (tokenIds: readonly number[]) =>
  tokenIds.map((id, i) => logSoftmax(treeLogits([...PROMPT, ...tokenIds.slice(0, i)]))[id]!);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('BeamSearch', () => {
  test('finds the likelier text behind the less likely first token', () => {
    const [best] = search({ numBeams: 2, earlyStopping: true });
    expect(best).toEqual({
      tokenIds: [B, C, END],
      text: 'bc',
      finishReason: 'stop',
      usage: { promptTokens: 2, completionTokens: 3 },
      seed: 0,
      score: expect.closeTo(sum(logProbsOf([B, C, END])) / 3, 5),
    });
    expect(search({ numBeams: 1, earlyStopping: true })[0]!.tokenIds[0]).toBe(A);
  });

  test.each([
    ['takes log Σ exp of a row from the step', {}, 2, -2],
    ['adds up by itself where it is not known', {}, Number.NaN, -Math.log(2)],
    ['adds up by itself where invalid values are taken out of the row', { removeInvalidValues: true }, 2, -Math.log(2)],
  ])('%s', (_, options, known, wanted) => {
    const beams = new BeamSearch(inputOf({ numBeams: 1, maxNewTokens: 1, lengthPenalty: 0, ...options }));
    const row = Float32Array.of(0, 0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const logSums = Float32Array.of(known);
    beams.advance([{ sequence: new TokenSequence(PROMPT), rows: [row], draft: undefined, logSums, hidden: undefined }]);
    expect(row[0]).toBeCloseTo(wanted, 6);
  });

  test('reports the tokens of each returned sequence when it is over', () => {
    const tokens: GeneratedToken[] = [];
    const results = search(
      { numBeams: 3, numReturnSequences: 2 },
      { isOverdue: () => expect(tokens).toEqual([]) === undefined && false },
      { onToken: (token) => tokens.push(token) },
    );
    expect(results).toHaveLength(2);
    for (const [index, result] of results.entries()) {
      const own = tokens.filter((token) => token.index === index);
      expect(own.map(({ tokenId }) => tokenId)).toEqual(result.tokenIds);
      expect(own.map(({ text }) => text).join('')).toBe(result.text);
    }
    expect(tokens.map(({ index }) => index)).toEqual(tokens.map(({ index }) => index).sort());
  });

  test('gives log probabilities of the raw distribution, whatever the processors do', () => {
    const results = search({ numBeams: 3, numReturnSequences: 3, logProbs: 2, repetitionPenalty: 1.7 });
    for (const { tokenIds, logProbs } of results) {
      expect(logProbs!.map(({ tokenId }) => tokenId)).toEqual(tokenIds);
      const wanted = logProbsOf(tokenIds);
      for (const [i, { logProb, topLogProbs }] of logProbs!.entries()) {
        expect(logProb).toBeCloseTo(wanted[i]!, 5);
        expect(topLogProbs).toHaveLength(2);
      }
    }
  });

  test('ends a beam whose text comes to hold a stop string, and cuts it off', () => {
    const [best] = search({ numBeams: 2, stopTokenIds: [], stopStrings: ['bc'], earlyStopping: true });
    expect(best).toMatchObject({ tokenIds: [B, C], text: '', finishReason: 'stop' });
    const [later] = search({ numBeams: 2, stopStrings: ['b'], minNewTokens: 2, earlyStopping: true });
    expect(later).toMatchObject({ tokenIds: [B, C, END], text: 'bc', finishReason: 'stop' });
  });

  test('when time is up, gives the best of what is finished and what is not', () => {
    const isOverdue = (numSteps: number) => numSteps === 3;
    const results = search(
      { numBeams: 2, numReturnSequences: 2, earlyStopping: 'never', maxNewTokens: 9 },
      { isOverdue },
    );
    expect(results[0]).toMatchObject({ tokenIds: [B, C, END], text: 'bc', finishReason: 'stop' });
    expect(results[1]).toMatchObject({ finishReason: 'time', usage: { completionTokens: 3 } });
    const [nothing] = search({ numBeams: 2 }, { isOverdue: () => true });
    expect(nothing).toMatchObject({ tokenIds: [], text: '', finishReason: 'time', score: 0 });
  });

  test('gives fewer sequences where no more are possible', () => {
    const results = search({ numBeams: 3, numReturnSequences: 3, allowedTokenIds: [B], maxNewTokens: 3 });
    expect(results.map(({ tokenIds }) => tokenIds)).toEqual([[B, B, B]]);
    const two = search({ numBeams: 3, numReturnSequences: 3, allowedTokenIds: [B, END], maxNewTokens: 2 });
    expect(two.map(({ tokenIds }) => tokenIds)).toEqual(expect.arrayContaining([[END], [B, END], [B, B]]));
  });

  test('goes on with the other beams where all tokens after one are removed', () => {
    const forbidden = new Float32Array(VOCABULARY.length).fill(Number.NEGATIVE_INFINITY);
    const afterB: ProcessorChain = {
      processors: [(row, { generatedIds }) => generatedIds[0] === B && row.set(forbidden)],
      filters: [],
      isShortlisted: false,
    };
    const results = search({ numBeams: 2, numReturnSequences: 2 }, {}, { chainFor: () => afterB });
    expect(results.map(({ tokenIds }) => tokenIds[0])).toEqual([A, A]);
  });

  test('groups that are kept apart choose different tokens', () => {
    const given = { numBeams: 3, numReturnSequences: 3, maxNewTokens: 1 };
    const groups = search({ ...given, numBeamGroups: 3, diversityPenalty: 9 });
    expect(groups.map(({ tokenIds }) => tokenIds)).toEqual([[A], [B], [C]]);
    const alike = search({ ...given, numBeamGroups: 3, diversityPenalty: 0.01 });
    expect(alike.map(({ tokenIds }) => tokenIds)).toEqual([[A], [A], [A]]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a logit of %s, naming the position', (logit) => {
    const bad = (tokenIds: readonly number[]) => (tokenIds.length === 3 ? [0, 0, logit, 0, 0] : treeLogits(tokenIds));
    expect(() => search({ numBeams: 2 }, { logitsAfter: bad })).toThrow(
      new RangeError(`Cannot choose the token at position 3: the logit of token 2 is ${logit}, but it must be finite`),
    );
  });

  test('refuses to end with nothing', () => {
    const chain: ProcessorChain = {
      processors: [(row) => row.fill(Number.NEGATIVE_INFINITY)],
      filters: [],
      isShortlisted: false,
    };
    expect(() => search({ numBeams: 2 }, {}, { chainFor: () => chain })).toThrow(
      new RangeError('Cannot choose the token at position 2: all 5 tokens are removed, but one must be left'),
    );
  });

  test('refuses stop strings without a detokenizer, and results before the end', () => {
    const input = inputOf({ stopStrings: ['a'] }, { detokenizerFor: () => undefined });
    expect(() => new BeamSearch(input)).toThrow(TypeError);
    expect(() => new BeamSearch(inputOf({ numBeams: 2 })).results()).toThrow('the search is not over');
  });
});

describe('beam sampling', () => {
  const TEMPERATURE = 1.5;
  const given = { numBeams: 2, numReturnSequences: 2, stopTokenIds: [], maxNewTokens: 2, temperature: TEMPERATURE };
  const sample = (seed: number) => search({ ...given, seed });
  const keyOf = (sequences: readonly (readonly number[])[]) => sequences.map((ids) => ids.join()).join(' | ');

  test('the same seed finds the same', () => {
    expect(sample(5)).toEqual(sample(5));
    expect(
      new Set(Array.from({ length: 20 }, (_, seed) => keyOf(sample(seed).map((one) => one.tokenIds)))).size,
    ).toBeGreaterThan(5);
  });

  test('each outcome comes as often as drawing 2 · numBeams without replacement has it', () => {
    const expected = outcomes();
    expect(sum([...expected.values()])).toBeCloseTo(1, 10);
    const numRuns = 4000;
    const counts = new Map<string, number>();
    for (let seed = 0; seed < numRuns; seed++) {
      const key = keyOf(sample(seed).map(({ tokenIds }) => tokenIds));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const key of counts.keys()) expect(expected.has(key)).toBe(true);
    const common = [...expected].filter(([, probability]) => probability * numRuns >= 5);
    const chiSquared = sum(
      common.map(
        ([key, probability]) => ((counts.get(key) ?? 0) - numRuns * probability) ** 2 / (numRuns * probability),
      ),
    );
    expect(common.length).toBeGreaterThan(20);
    // Three standard deviations above the mean of chi squared.
    expect(chiSquared).toBeLessThan(common.length + 3 * Math.sqrt(2 * common.length));
  });

  interface Candidate {
    readonly tokenIds: readonly number[];
    readonly score: number;
  }

  /** The probability of each outcome, by going through all draws. */
  function outcomes(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [firstDraws, first] of draws(extend([{ tokenIds: [], score: 0 }]), 4)) {
      const beams = [...firstDraws].sort((a, b) => b.score - a.score).slice(0, 2);
      // Only the first two draws can end.
      for (const [ended, second] of draws(extend(beams), 2)) {
        const ranked = [...ended].sort((a, b) => b.score - a.score);
        const key = keyOf(ranked.map(({ tokenIds }) => tokenIds));
        found.set(key, (found.get(key) ?? 0) + first * second);
      }
    }
    return found;
  }

  function extend(beams: readonly Candidate[]): readonly Candidate[] {
    return beams.flatMap(({ tokenIds, score }) =>
      logSoftmax(treeLogits([...PROMPT, ...tokenIds])).map((logProb, id) => ({
        tokenIds: [...tokenIds, id],
        score: score + logProb / TEMPERATURE,
      })),
    );
  }

  /** All ordered draws without replacement from the softmax of the scores, with their probabilities. */
  function* draws(from: readonly Candidate[], count: number): Generator<[readonly Candidate[], number]> {
    if (count === 0) return yield [[], 1];
    const total = sum(from.map(({ score }) => Math.exp(score)));
    for (const drawn of from) {
      const rest = from.filter((candidate) => candidate !== drawn);
      for (const [others, probability] of draws(rest, count - 1))
        yield [[drawn, ...others], (probability * Math.exp(drawn.score)) / total];
    }
  }
});
