import { describe, expect, test } from 'vitest';
import { searchInput } from '../../test/run-search.ts';
import { parseGenerationOptions } from '../config/generation-options.ts';
import { composeProcessors } from '../sampling/compose-processors.ts';
import type { GeneratedToken, GenerationResult } from './generation-output.ts';
import { SamplingSearch } from './sampling-search.ts';
import { lengthLimits } from './stopping.ts';
import { TokenSequence } from './token-sequence.ts';

const VOCABULARY = ['a', 'b', 'c', 'd', '<end>', 'é-1', 'é-2', ' '];
const END = 4;

/** A character of two tokens comes out with the second; one cut short becomes U+FFFD, as in a real detokenizer. */
class FakeDetokenizer {
  #isHalf = false;

  push(id: number): string {
    const wasHalf = this.#isHalf;
    this.#isHalf = id === 5;
    if (id === 6) return wasHalf ? 'é' : '\ufffd';
    const before = wasHalf ? '\ufffd' : '';
    return this.#isHalf ? before : before + VOCABULARY[id]!;
  }

  flush(): string {
    const rest = this.#isHalf ? '\ufffd' : '';
    this.#isHalf = false;
    return rest;
  }
}

interface Run {
  readonly pieces: readonly GeneratedToken[];
  readonly results: readonly GenerationResult[];
  readonly result: GenerationResult;
}

const PROMPT = [7, 7, 7];

/** Runs a search over a model that prefers the tokens of a script, one after the other, or gives the rows of `logits`. */
function run(
  script: readonly number[],
  given: object = {},
  input: { contextLength?: number; detokenizer?: undefined; logits?: () => Float32Array } = {},
): Run {
  const options = parseGenerationOptions(given);
  const limits = lengthLimits(PROMPT.length, input.contextLength ?? 100, options);
  const pieces: GeneratedToken[] = [];
  const search = new SamplingSearch({
    options,
    limits,
    promptTokens: PROMPT.length,
    seed: options.seed ?? 3,
    chainFor: (seed) =>
      composeProcessors(
        { ...options, minNewTokens: limits.min },
        { seed, vocabSize: VOCABULARY.length, maxLength: 100 },
      ),
    detokenizerFor: () => ('detokenizer' in input ? undefined : new FakeDetokenizer()),
    onToken: (token) => pieces.push(token),
  });
  const preferring = (numGenerated: number) => {
    const logits = Float32Array.from(VOCABULARY, (_, id) => -id);
    logits[script[numGenerated] ?? 0] = 10;
    return logits;
  };
  let sequences = [new TokenSequence(PROMPT)];
  while (sequences.length > 0) {
    const hypotheses = sequences.map((sequence) => ({
      sequence,
      rows: [input.logits?.() ?? preferring(sequence.generatedIds.length)],
      draft: undefined,
      hidden: undefined,
    }));
    const continuations = search.advance(hypotheses).filter(({ isLast }) => !isLast);
    sequences = continuations.map(({ parent, tokenIds }) => {
      const child = sequences[parent]!.fork();
      child.append(tokenIds);
      return child;
    });
  }
  const results = search.results();
  return { pieces, results, result: results[0]! };
}

const texts = (pieces: readonly GeneratedToken[]) => pieces.map(({ text }) => text);

describe('SamplingSearch', () => {
  test('gives what it chose', () => {
    const { result } = run([0, 1, 2], { maxNewTokens: 3, seed: 5 });
    expect(result).toEqual({
      tokenIds: [0, 1, 2],
      text: 'abc',
      finishReason: 'length',
      usage: { promptTokens: 3, completionTokens: 3 },
      seed: 5,
    });
  });

  test('ends after a stop token, which adds no text', () => {
    const { result, pieces } = run([0, END, 1], { eosTokenId: END });
    expect(result).toMatchObject({ tokenIds: [0, END], text: 'a', finishReason: 'stop' });
    expect(texts(pieces)).toEqual(['a', '']);
  });

  test('ends before a stop string split over tokens, holding back what may begin it', () => {
    const { result, pieces } = run([0, 1, 0, 1, 2, 3], { stop: 'abc' });
    expect(texts(pieces)).toEqual(['', '', 'ab', '', '']);
    expect(result).toMatchObject({ tokenIds: [0, 1, 0, 1, 2], text: 'ab', finishReason: 'stop' });
  });

  test('gives held text with the last token', () => {
    const { result, pieces } = run([3, 0, 1], { stop: 'abc', maxNewTokens: 3 });
    expect(texts(pieces)).toEqual(['d', '', 'ab']);
    expect(result).toMatchObject({ text: 'dab', finishReason: 'length' });
    const stopped = run([3, 0, END], { stop: 'abc', eosTokenId: END });
    expect(texts(stopped.pieces)).toEqual(['d', '', 'a']);
  });

  test('never splits a character, and marks one cut short', () => {
    expect(texts(run([5, 6, 0], { maxNewTokens: 3 }).pieces)).toEqual(['', 'é', 'a']);
    expect(texts(run([0, 5], { maxNewTokens: 2 }).pieces)).toEqual(['a', '\ufffd']);
  });

  test('finds a stop string that only the end of the text completes', () => {
    const { result } = run([0, 5], { maxNewTokens: 2, stop: 'a\ufffd' });
    expect(result).toMatchObject({ text: '', finishReason: 'stop' });
  });

  test('holds stop tokens and stop strings back until the minimum', () => {
    const byToken = run([END, END, END], { eosTokenId: END, minNewTokens: 2 });
    expect(byToken.result).toMatchObject({ tokenIds: [0, 0, END], text: 'aa', finishReason: 'stop' });
    const byString = run([0, 0, 0, 0], { stop: 'a', minNewTokens: 3 });
    expect(byString.result).toMatchObject({ tokenIds: [0, 0, 0], text: 'aa', finishReason: 'stop' });
  });

  test('fills the context and no more', () => {
    const { result } = run([], { maxNewTokens: 50 }, { contextLength: 6 });
    expect(result).toMatchObject({ tokenIds: [0, 0, 0], finishReason: 'length' });
  });

  test('works on ids alone without a detokenizer', () => {
    const { result } = run([0, 1], { maxNewTokens: 2 }, { detokenizer: undefined });
    expect(result).toMatchObject({ tokenIds: [0, 1], text: '' });
  });

  test('gives log probabilities of the raw distribution', () => {
    const { result, pieces } = run([1, 2], { maxNewTokens: 2, logProbs: 2, temperature: 0.01 });
    const others = VOCABULARY.reduce((sum, _, id) => (id === 1 ? sum : sum + Math.exp(-id)), 0);
    expect(pieces[0]!.logProb).toBeCloseTo(10 - Math.log(Math.exp(10) + others), 12);
    expect(pieces[0]!.topLogProbs!.map(({ tokenId }) => tokenId)).toEqual([1, 0]);
    expect(pieces[0]!.topLogProbs![0]!.logProb).toBe(pieces[0]!.logProb);
    expect(result.logProbs).toEqual(
      pieces.map(({ tokenId, logProb, topLogProbs }) => ({ tokenId, logProb, topLogProbs })),
    );
  });

  const flat = () => new Float32Array(VOCABULARY.length);

  test('repeats a run from the seed it reports', () => {
    const options = { temperature: 1, maxNewTokens: 40 };
    const first = run([], options, { logits: flat }).result;
    const again = run([], { ...options, seed: first.seed }, { logits: flat }).result;
    const other = run([], { ...options, seed: first.seed + 1 }, { logits: flat }).result;
    expect(again).toEqual(first);
    expect(other.tokenIds).not.toEqual(first.tokenIds);
  });

  test('draws several samples, each of which its seed draws alone', () => {
    const options = { temperature: 1, maxNewTokens: 10, seed: 20 };
    const { results, pieces } = run([], { ...options, n: 3 }, { logits: flat });
    expect(results).toHaveLength(3);
    for (const [i, result] of results.entries()) {
      expect(result).toEqual(run([], { ...options, seed: 20 + i }, { logits: flat }).result);
      const own = pieces.filter(({ index }) => index === i);
      expect(own.map(({ tokenId }) => tokenId)).toEqual(result.tokenIds);
    }
  });

  test('returns the likeliest of more samples than are asked for', () => {
    const uneven = () => Float32Array.from(VOCABULARY, (_, id) => -id / 2);
    const options = { temperature: 1, maxNewTokens: 5, seed: 1, logProbs: true };
    const all = run([], { ...options, n: 6 }, { logits: uneven }).results;
    const mean = ({ logProbs }: GenerationResult) =>
      logProbs!.reduce((sum, { logProb }) => sum + logProb, 0) / logProbs!.length;
    const ranked = [...all].sort((a, b) => mean(b) - mean(a));
    expect(run([], { ...options, n: 2, bestOf: 6 }, { logits: uneven }).results).toEqual(ranked.slice(0, 2));
  });

  test('refuses stop strings without a detokenizer', () => {
    expect(() => run([], { stop: 'a' }, { detokenizer: undefined })).toThrow(TypeError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a logit of %s, naming the position', (logit) => {
    expect(() => run([], {}, { logits: () => Float32Array.of(0, logit) })).toThrow(
      new RangeError(`Cannot choose the token at position 3: the logit of token 1 is ${logit}, but it must be finite`),
    );
  });
});

test.each([
  ['greedily', { temperature: 0 }, {}, 1],
  ['greedily, without some', { temperature: 0, minNewTokens: 2, stopTokenIds: [3, 4], suppressTokens: [1] }, {}, 4],
  ['among the likeliest', { temperature: 0.7, topK: 5, topP: 0.9 }, {}, 5],
  ['among the likeliest, for a draft', { temperature: 0.7, topK: 5 }, { acceptance: 'exact' }, 5],
  ['where all may be drawn', { temperature: 0.7 }, {}, undefined],
  ['where the tail is cut', { temperature: 0.7, topP: 0.9 }, {}, undefined],
  ['after penalties', { temperature: 0, repetitionPenalty: 1.2 }, {}, undefined],
  ['with log probabilities', { temperature: 0, logProbs: 0 }, {}, undefined],
  ['the best of some', { temperature: 0.7, topK: 5, bestOf: 2 }, {}, undefined],
  ['with guidance', { temperature: 0, guidanceScale: 2 }, {}, undefined],
  ['to redraw what is rejected', { temperature: 0.7, topK: 5 }, { acceptance: 'rejection' }, undefined],
] as const)('choosing %s asks for the likeliest tokens that it depends on', (_, given, input, wanted) => {
  const search = new SamplingSearch({ ...searchInput(given, { promptLength: 3, vocabSize: 8 }), ...input });
  expect(search.numLikeliest).toBe(wanted);
});
