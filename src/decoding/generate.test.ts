import { describe, expect, test } from 'vitest';
import { parseGenerationOptions } from '../config/generation-options.ts';
import { type GenerateInput, generateTokens } from './generate.ts';
import type { GeneratedToken, GenerationResult } from './generation-output.ts';

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

/** A model that prefers the tokens of a script, one after the other, and remembers what it was fed. */
function scripted(script: readonly number[]) {
  const fed: number[][] = [];
  const step = async (ids: readonly number[]): Promise<Float32Array> => {
    const logits = Float32Array.from(VOCABULARY, (_, id) => -id);
    logits[script[fed.length] ?? 0] = 10;
    fed.push([...ids]);
    return logits;
  };
  return { fed, step };
}

function start(script: readonly number[], options: object = {}, input: Partial<GenerateInput> = {}) {
  const model = scripted(script);
  const tokens = generateTokens({
    promptIds: [7, 7, 7],
    options: parseGenerationOptions(options),
    contextLength: 100,
    step: model.step,
    detokenizer: new FakeDetokenizer(),
    ...input,
  });
  return { ...model, tokens };
}

async function run(...args: Parameters<typeof start>): Promise<{
  pieces: GeneratedToken[];
  result: GenerationResult;
  fed: number[][];
}> {
  const { tokens, fed } = start(...args);
  const pieces: GeneratedToken[] = [];
  for (;;) {
    const next = await tokens.next();
    if (next.done) return { pieces, result: next.value, fed };
    pieces.push(next.value);
  }
}

const texts = (pieces: readonly GeneratedToken[]) => pieces.map(({ text }) => text);

describe('generateTokens', () => {
  test('feeds the prompt at once, then one token at a time, and never the last', async () => {
    const { result, fed } = await run([0, 1, 2], { maxNewTokens: 3, seed: 5 });
    expect(fed).toEqual([[7, 7, 7], [0], [1]]);
    expect(result).toEqual({
      tokenIds: [0, 1, 2],
      text: 'abc',
      finishReason: 'length',
      usage: { promptTokens: 3, completionTokens: 3 },
      seed: 5,
    });
  });

  test('ends after a stop token, which adds no text', async () => {
    const { result, pieces } = await run([0, END, 1], { eosTokenId: END });
    expect(result).toMatchObject({ tokenIds: [0, END], text: 'a', finishReason: 'stop' });
    expect(texts(pieces)).toEqual(['a', '']);
  });

  test('ends before a stop string split over tokens, holding back what may begin it', async () => {
    const { result, pieces } = await run([0, 1, 0, 1, 2, 3], { stop: 'abc' });
    expect(texts(pieces)).toEqual(['', '', 'ab', '', '']);
    expect(result).toMatchObject({ tokenIds: [0, 1, 0, 1, 2], text: 'ab', finishReason: 'stop' });
  });

  test('gives held text with the last token', async () => {
    const { result, pieces } = await run([3, 0, 1], { stop: 'abc', maxNewTokens: 3 });
    expect(texts(pieces)).toEqual(['d', '', 'ab']);
    expect(result).toMatchObject({ text: 'dab', finishReason: 'length' });
    const stopped = await run([3, 0, END], { stop: 'abc', eosTokenId: END });
    expect(texts(stopped.pieces)).toEqual(['d', '', 'a']);
  });

  test('never splits a character, and marks one cut short', async () => {
    expect(texts((await run([5, 6, 0], { maxNewTokens: 3 })).pieces)).toEqual(['', 'é', 'a']);
    expect(texts((await run([0, 5], { maxNewTokens: 2 })).pieces)).toEqual(['a', '\ufffd']);
  });

  test('finds a stop string that only the end of the text completes', async () => {
    const { result } = await run([0, 5], { maxNewTokens: 2, stop: 'a\ufffd' });
    expect(result).toMatchObject({ text: '', finishReason: 'stop' });
  });

  test('holds stop tokens and stop strings back until the minimum', async () => {
    const byToken = await run([END, END, END], { eosTokenId: END, minNewTokens: 2 });
    expect(byToken.result).toMatchObject({ tokenIds: [0, 0, END], text: 'aa', finishReason: 'stop' });
    const byString = await run([0, 0, 0, 0], { stop: 'a', minNewTokens: 3 });
    expect(byString.result).toMatchObject({ tokenIds: [0, 0, 0], text: 'aa', finishReason: 'stop' });
  });

  test('fills the context and no more', async () => {
    const { result } = await run([], { maxNewTokens: 50 }, { contextLength: 6 });
    expect(result).toMatchObject({ tokenIds: [0, 0, 0], finishReason: 'length' });
  });

  test('works on ids alone without a detokenizer', async () => {
    const { result } = await run([0, 1], { maxNewTokens: 2 }, { detokenizer: undefined });
    expect(result).toMatchObject({ tokenIds: [0, 1], text: '' });
  });

  test('gives log probabilities of the raw distribution', async () => {
    const { result, pieces } = await run([1, 2], { maxNewTokens: 2, logProbs: 2, temperature: 0.01 });
    const others = VOCABULARY.reduce((sum, _, id) => (id === 1 ? sum : sum + Math.exp(-id)), 0);
    expect(pieces[0]!.logProb).toBeCloseTo(10 - Math.log(Math.exp(10) + others), 12);
    expect(pieces[0]!.topLogProbs!.map(({ tokenId }) => tokenId)).toEqual([1, 0]);
    expect(pieces[0]!.topLogProbs![0]!.logProb).toBe(pieces[0]!.logProb);
    expect(result.logProbs).toEqual(
      pieces.map(({ tokenId, logProb, topLogProbs }) => ({ tokenId, logProb, topLogProbs })),
    );
  });

  test('repeats a run from the seed it reports', async () => {
    const flat = async () => new Float32Array(VOCABULARY.length);
    const options = { temperature: 1, maxNewTokens: 40 };
    const first = (await run([], options, { step: flat })).result;
    const again = (await run([], { ...options, seed: first.seed }, { step: flat })).result;
    const other = (await run([], { ...options, seed: first.seed + 1 }, { step: flat })).result;
    expect(again).toEqual(first);
    expect(other.tokenIds).not.toEqual(first.tokenIds);
  });

  test('begins an empty prompt with the bos token', async () => {
    const { fed, result } = await run([0], { maxNewTokens: 1 }, { promptIds: [], bosTokenId: 3 });
    expect(fed).toEqual([[3]]);
    expect(result.usage.promptTokens).toBe(1);
  });
});

describe('generateTokens rejects', () => {
  test.each([
    [
      'an empty prompt',
      { promptIds: [] },
      'Cannot generate: the prompt has no tokens, and the model has no bos token to stand in for it',
    ],
    [
      'a prompt longer than the context',
      { promptIds: [1, 2, 3, 4], contextLength: 3 },
      'Cannot generate: the prompt has 4 tokens, but the context holds 3, and at least one token must fit after it',
    ],
  ])('%s', async (_, input, message) => {
    const { tokens, fed } = start([], {}, input);
    await expect(tokens.next()).rejects.toThrow(new RangeError(message));
    expect(fed).toEqual([]);
  });

  test('stop strings without a detokenizer', async () => {
    const { tokens } = start([], { stop: 'a' }, { detokenizer: undefined });
    await expect(tokens.next()).rejects.toThrow(TypeError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a logit of %s, naming the position', async (logit) => {
    const { tokens } = start([], {}, { step: async () => Float32Array.of(0, logit) });
    await expect(tokens.next()).rejects.toThrow(
      new RangeError(`Cannot choose the token at position 3: the logit of token 1 is ${logit}, but it must be finite`),
    );
  });
});

describe('an aborted generation', () => {
  test('throws the reason before the first step', async () => {
    const { tokens, fed } = start([], {}, { signal: AbortSignal.abort(new Error('enough')) });
    await expect(tokens.next()).rejects.toThrow('enough');
    expect(fed).toEqual([]);
  });

  test('throws the reason between steps and leaves what was yielded', async () => {
    const controller = new AbortController();
    const { tokens, fed } = start([0, 1, 2], {}, { signal: controller.signal });
    const seen: string[] = [];
    const consume = async () => {
      for await (const { text } of tokens) {
        seen.push(text);
        if (seen.length === 2) controller.abort(new Error('enough'));
      }
    };
    await expect(consume()).rejects.toThrow('enough');
    expect(seen).toEqual(['a', 'b']);
    expect(fed).toHaveLength(2);
    expect(await tokens.next()).toEqual({ done: true, value: undefined });
  });

  test('discards a step that was under way', async () => {
    const controller = new AbortController();
    const step = async () => {
      controller.abort(new Error('enough'));
      return new Float32Array(VOCABULARY.length);
    };
    const { tokens } = start([], {}, { signal: controller.signal, step });
    await expect(tokens.next()).rejects.toThrow('enough');
  });
});
