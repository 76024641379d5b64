import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { saveTinyTranslator } from '../../test/save-tiny-translator.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { testBackends } from '../../test/test-backends.ts';
import { DEVICES } from '../create-backend.ts';
import { MAX_STEP_TOKENS } from '../decoding/score-documents.ts';
import { parseEncoderDecoderConfig } from '../models/load-encoder-decoder.ts';
import { LLM } from './llm.ts';

interface Case {
  readonly model: string;
  readonly sourceIds: readonly number[];
  readonly labels: readonly number[];
  readonly loss: number;
  readonly logProbs: readonly number[];
}

const { cases } = readGoldenJson<{ cases: readonly Case[] }>('score-seq2seq.json');
const folder = temporaryFolder();

describe.each(Object.keys(testBackends))('on %s', (name) => {
  const device = DEVICES.find((known) => name.startsWith(known))!;
  const threads = device === 'wasm' ? { threads: 1 } : {};

  test.each(cases)("$model: log probabilities and the loss of Transformers' labels", async (golden) => {
    await using llm = await LLM.load(goldenPath('encoder-decoder', golden.model), { device, ...threads });
    const { tokens, logProb, perplexity } = await llm.score(golden.labels, { source: golden.sourceIds });
    expect(tokens.map(({ id }) => id)).toEqual(golden.labels);
    for (const [i, token] of tokens.entries()) expect(token.logProb).toBeCloseTo(golden.logProbs[i]!, 4);
    expect(-logProb / golden.labels.length).toBeCloseTo(golden.loss, 5);
    expect(Math.log(perplexity)).toBeCloseTo(golden.loss, 5);
  });
});

describe('of texts', () => {
  let llm: LLM;
  beforeAll(async () => {
    llm = await LLM.load(await saveTinyTranslator(folder.path('words')), { threads: 1 });
  });
  afterAll(() => llm.dispose());

  test('what is generated has the score that it is given when it is scored', async () => {
    const { tokenIds, choices } = await llm.translate('w5 w9 w31', {
      ...{ numBeams: 1, temperature: 0, logProbs: 1, maxNewTokens: 6, ignoreEos: true },
    });
    const { tokens } = await llm.score(tokenIds, { source: 'w5 w9 w31' });
    const wanted = choices[0]!.logProbs!.map(({ logProb }) => logProb);
    expect(wanted).toHaveLength(tokenIds.length);
    for (const [i, { logProb }] of tokens.entries()) expect(logProb).toBeCloseTo(wanted[i]!, 5);
  });

  test('a target ends with its end, which counts', async () => {
    const asText = await llm.score('w8 w40', { source: 'w5 w9' });
    expect(asText).toEqual(await llm.score([8, 40, 2], { source: [5, 9, 2] }));
    expect(asText.tokens.map(({ text }) => text).join('')).toContain('</s>');
    expect(asText.logProb).toBe(asText.tokens.reduce((sum, { logProb }) => sum + logProb!, 0));
  });

  test('a target of several languages begins with its own', async () => {
    const model = await saveTinyTranslator(folder.path('languages'), { languages: ['en', 'fr'] });
    await using many = await LLM.load(model, { threads: 1 });
    const languages = { from: 'en', to: 'fr' };
    const { tokens } = await many.score('w8 w40', { source: 'w9 w10', ...languages });
    const { sourceIds } = await many.translate('w9 w10', { ...languages, maxNewTokens: 1 });
    expect(tokens.map(({ id }) => id)).toEqual([many.sourceTarget!.languageId('fr'), 8, 40, 2]);
    expect(tokens).toEqual((await many.score([5, 8, 40, 2], { source: sourceIds })).tokens);
    await expect(many.score('w8', { source: 'w9', from: 'en' })).rejects.toThrow('its language is missing, wanted to');
    await expect(many.score('w8', { source: 'w9', from: 'en', to: 'xx' })).rejects.toThrow('this model has en, fr');
  });

  test('a stop ends it, and nothing stays behind', async () => {
    const before = llm.backend.memoryUsage().allocatedBytes;
    const seen: number[] = [];
    const onProgress = (count: number) => void seen.push(count);
    await llm.score('w8 w40', { source: 'w5', onProgress });
    expect(seen).toEqual([3]);
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(llm.score('w8 w40', { source: 'w5', signal })).rejects.toThrow('stopped');
    expect(llm.backend.memoryUsage().allocatedBytes).toBe(before);
  });

  test.each([
    ['w8', {}, 'the model scores a target, given its source; wanted source'],
    ['w8', { source: 'w9', stride: 4 }, 'stride is given, but a target is not read in windows'],
    ['w8', { source: [9], from: 'en' }, 'which have their language in them, but so is from'],
    [[], { source: [9] }, 'the target has no tokens'],
    [[61], { source: [9] }, 'token id 61'],
    [[8], { source: [] }, 'it has no tokens'],
    [[8], { source: new Array(49).fill(5) }, '49 tokens, but the model takes at most 48'],
    [new Array(49).fill(5), { source: [9] }, 'it has 49 tokens, but the model takes at most 48'],
    ['w8', { source: 'w9', adapter: 'none' }, 'there is no adapter "none"'],
  ] as const)('%j with %j is refused', async (text, options, message) => {
    await expect(llm.score(text, options)).rejects.toThrow(message);
  });
});

test('a long target has the bits of a short one, step by step', async () => {
  const description = parseEncoderDecoderConfig(
    'config.json',
    JSON.stringify({
      ...{ model_type: 't5', vocab_size: 67, d_model: 16, d_kv: 6, d_ff: 20, num_layers: 2, num_heads: 3 },
      decoder_start_token_id: 0,
    }),
  );
  await using llm = await LLM.random(description, { threads: 1 });
  const target = Array.from({ length: 2 * MAX_STEP_TOKENS + 9 }, (_, i) => (7 * i + i * i) % 67);
  const { tokens } = await llm.score(target, { source: [5, 6, 7] });
  const short = await llm.score(target.slice(0, 50), { source: [5, 6, 7] });
  expect(tokens.slice(0, 50).map(({ logProb }) => logProb)).toEqual(short.tokens.map(({ logProb }) => logProb));
  expect(tokens).toHaveLength(target.length);
});

test('a model without an encoder takes no source', async () => {
  await using llm = await LLM.load(goldenPath('models', 'llama-gqa'), { threads: 1 });
  await expect(llm.score('Text', { source: 'x' })).rejects.toThrow(
    'source is given, but the model has no encoder that reads a source',
  );
  await expect(llm.score('Text', { to: 'fr' })).rejects.toThrow('to is given');
});
