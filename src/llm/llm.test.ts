import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation } from './generation.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

interface Golden {
  readonly promptIds: readonly number[];
  readonly greedyIds: readonly number[];
  readonly scoredIds: readonly number[];
  readonly logProbs: readonly number[];
  readonly sumLogProb: number;
  readonly perplexity: number;
}

describe.each(Object.keys(testBackends))('LLM on %s', (device) => {
  const golden = readGoldenJson<Golden>('models', 'llama-gqa', 'golden.json');
  const options = { device } as LoadOptions;
  let llm: LLM;
  beforeAll(async () => {
    llm = await LLM.load(goldenPath('models', 'llama-gqa'), options);
  });
  afterAll(() => llm.dispose());

  test('greedy text is that of Transformers, with and without cache', async () => {
    const count = golden.greedyIds.length;
    for (const useCache of [true, false]) {
      const generated = await llm.generate(golden.promptIds, {
        maxNewTokens: count,
        ignoreEos: true,
        doSample: false,
        useCache,
      });
      expect(generated.tokenIds).toEqual(golden.greedyIds);
      expect(generated.finishReason).toBe('length');
      expect(generated.usage).toEqual({ promptTokens: golden.promptIds.length, completionTokens: count });
    }
  });

  test('a stream is the generation in pieces', async () => {
    const asked = { maxNewTokens: 12, temperature: 1, seed: 5, logProbs: 3, ignoreEos: true };
    const whole = await llm.generate('the cat', asked);
    const pieces: GeneratedToken[] = [];
    for await (const piece of llm.stream('the cat', asked)) pieces.push(piece);
    expect(pieces.map(({ tokenId }) => tokenId)).toEqual(whole.tokenIds);
    expect(pieces.map(({ text }) => text).join('')).toBe(whole.text);
    expect(pieces.map(({ logProb }) => logProb)).toEqual(whole.logProbs!.map(({ logProb }) => logProb));
    expect(whole.logProbs![0]!.topLogProbs).toHaveLength(3);
  });

  test('scores are those of Transformers, in one window or in several', async () => {
    const scored = await llm.score(golden.scoredIds);
    const logProbs = Float32Array.from(scored.tokens.slice(1), ({ logProb }) => logProb!);
    expect(relativeError(logProbs, Float32Array.from(golden.logProbs))).toBeLessThan(1e-5);
    expect(scored.tokens[0]!.logProb).toBeUndefined();
    expect(scored.logProb).toBeCloseTo(golden.sumLogProb, 2);
    expect(scored.perplexity / golden.perplexity).toBeCloseTo(1, 4);

    const short = await LLM.load(goldenPath('models', 'llama-gqa'), { ...options, contextLength: 16 });
    const windowed = await short.score(golden.scoredIds, { stride: 4 });
    expect(windowed.tokens.map(({ id }) => id)).toEqual(golden.scoredIds);
    // The first window sees what the whole text sees.
    const first = (score: typeof windowed) => score.tokens.slice(0, 16).map(({ logProb }) => logProb);
    expect(first(windowed)).toEqual(first(scored));
    await short.dispose();
  });

  test('requests at once wait for room and do not disturb each other', async () => {
    const ask = (seed: number) => llm.generate('a b c', { maxNewTokens: 40, temperature: 1, seed, ignoreEos: true });
    const alone: Generation[] = [];
    for (const seed of [1, 2, 3]) alone.push(await ask(seed));
    const together = await Promise.all([1, 2, 3].map(ask));
    expect(together.map(({ tokenIds }) => tokenIds)).toEqual(alone.map(({ tokenIds }) => tokenIds));
  });

  test('abort ends a stream, keeps what came, and frees the cache', async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const consume = async () => {
      const { signal } = controller;
      for await (const { text } of llm.stream('a', { maxNewTokens: 100, ignoreEos: true, signal })) {
        seen.push(text);
        if (seen.length === 3) controller.abort(new Error('enough'));
      }
    };
    await expect(consume()).rejects.toThrow('enough');
    expect(seen).toHaveLength(3);
    const { usage } = await llm.generate('a', { maxNewTokens: 100, ignoreEos: true });
    expect(usage.completionTokens).toBe(100);
  });

  test('leaving a stream half-way frees the cache', async () => {
    for (let i = 0; i < 20; i++) for await (const _ of llm.stream('a', { maxNewTokens: 100, ignoreEos: true })) break;
    const { usage } = await llm.generate('a', { maxNewTokens: 100, ignoreEos: true });
    expect(usage.completionTokens).toBe(100);
  });

  test('bad requests say what is wrong', async () => {
    await expect(llm.generate('a', { maxNewTokns: 3 } as object)).rejects.toThrow('did you mean "maxNewTokens"?');
    await expect(llm.generate('a', { temperature: -1 })).rejects.toThrow(RangeError);
    await expect(llm.generate([1, 100_000])).rejects.toThrow('token id 100000, wanted 0 to');
    const long = Array.from({ length: llm.contextLength }, () => 1);
    await expect(llm.generate(long)).rejects.toThrow(`the prompt has ${llm.contextLength} tokens`);
    await expect(llm.score([1])).rejects.toThrow('it has 1 tokens, but 2 are needed');
    await expect(llm.score('a', { strid: 2 } as object)).rejects.toThrow('unknown option "strid"');
  });

  test('bad load options say what is wrong', async () => {
    const load = (bad: object) => LLM.load(goldenPath('models', 'llama-gqa'), { ...options, ...bad });
    await expect(load({ dtyp: 'float32' })).rejects.toThrow('unknown option "dtyp", did you mean "dtype"?');
    await expect(load({ dtype: 'int3' })).rejects.toThrow('dtype is "int3"');
    await expect(load({ threads: 0 })).rejects.toThrow('0 threads, wanted a whole number of at least 1');
    await expect(load({ contextLength: 1e6 })).rejects.toThrow('contextLength is 1000000, wanted 1 to');
    await expect(LLM.load('./no/such/folder', options)).rejects.toThrow('no/such/folder');
  });

  test('after dispose it refuses, and dispose may come twice', async () => {
    const other = await LLM.load(goldenPath('models', 'llama-gqa'), options);
    await other.dispose();
    await other.dispose();
    await expect(other.generate('a')).rejects.toThrow('Cannot use the model: it is disposed');
  });
});

test('chat answers through the model’s own template', async () => {
  const llm = await LLM.load(goldenPath('models', 'qwen2'), { device: 'reference' });
  const messages = [{ role: 'user', content: 'hello' }];
  const answer = await llm.chat(messages, { maxNewTokens: 5, ignoreEos: true, seed: 3 });
  expect(answer.usage.completionTokens).toBe(5);
  let text = '';
  for await (const piece of llm.streamChat(messages, { maxNewTokens: 5, ignoreEos: true, seed: 3 })) text += piece.text;
  expect(text).toBe(answer.text);
  await llm.dispose();
});

test('a model without a chat template says so', async () => {
  const llm = await LLM.load(goldenPath('models', 'gpt2'), { device: 'reference' });
  await expect(llm.chat([{ role: 'user', content: 'hi' }])).rejects.toThrow('it has no chat template');
  await llm.dispose();
});
