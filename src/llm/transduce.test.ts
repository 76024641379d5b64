import { copyFile, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../test/collect.ts';
import { goldenPath } from '../../test/goldens.ts';
import { saveTinyTranslator } from '../../test/save-tiny-translator.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { SequenceView } from '../sampling/sequence-view.ts';
import { LLM } from './llm.ts';

const SOURCE = [5, 9, 31, 7, 2];
const OTHER = [8, 8, 40, 12, 33, 21, 5, 6, 7, 50, 51, 52, 53, 54, 55, 56, 57, 2];
const GREEDY = { maxNewTokens: 8, temperature: 0, ignoreEos: true } as const;
const folder = temporaryFolder();
const path = (name: string) => goldenPath('encoder-decoder', name);
let llm: LLM;

beforeAll(async () => {
  llm = await LLM.load(path('bart'), { threads: 1 });
});
afterAll(() => llm.dispose());

test('generate, stream, transduce and translate read a source and give its target', async () => {
  const { tokenIds, sourceIds, usage } = await llm.transduce(SOURCE, GREEDY);
  expect([tokenIds.length, sourceIds]).toEqual([8, SOURCE]);
  expect(usage).toEqual({ promptTokens: SOURCE.length + 1, completionTokens: 8 });
  expect((await llm.generate(SOURCE, GREEDY)).tokenIds).toEqual(tokenIds);
  expect((await llm.translate(SOURCE, GREEDY)).tokenIds).toEqual(tokenIds);
  expect((await collect(llm.stream(SOURCE, GREEDY))).map(({ tokenId }) => tokenId)).toEqual(tokenIds);
});

test('several sources give their targets in order, each the one it gets alone', async () => {
  const options = { ...GREEDY, numBeams: 3, logProbs: 2, seed: 1 };
  const both = await llm.transduce([SOURCE, OTHER], options);
  for (const [i, source] of [SOURCE, OTHER].entries())
    expect(both[i]!.choices).toEqual((await llm.transduce(source, options)).choices);
});

test('a source that was read before is found again', async () => {
  await using fresh = await LLM.load(path('bart'), { threads: 1 });
  const reports = [await fresh.transduce(OTHER, GREEDY), await fresh.transduce(OTHER, { ...GREEDY, numBeams: 4 })];
  expect(reports.map(({ cachedTokens }) => cachedTokens)).toEqual([0, OTHER.length]);
  expect(fresh.engine.statistics().totals.encodedTokens).toBe(OTHER.length);
});

describe('what a target begins with', () => {
  test('a prefix, which the target goes on from', async () => {
    const { tokenIds } = await llm.transduce(SOURCE, GREEDY);
    const rest = await llm.transduce(SOURCE, { ...GREEDY, maxNewTokens: 5, targetPrefix: tokenIds.slice(0, 3) });
    expect(rest.tokenIds).toEqual(tokenIds.slice(3));
  });

  test('a forced token, also before a prefix', async () => {
    const seen: (readonly number[])[] = [];
    const prefixAllowedTokens = (_: unknown, { tokenIds }: SequenceView) => void seen.push([...tokenIds]);
    const forced = { ...GREEDY, maxNewTokens: 1, forcedBosTokenId: 17 };
    expect((await llm.transduce(SOURCE, forced)).tokenIds).toEqual([17]);
    const logitsProcessors = [prefixAllowedTokens];
    await llm.transduce(SOURCE, { ...forced, targetPrefix: [20, 21], decoderStartTokenId: 3, logitsProcessors });
    expect(seen).toEqual([[3, 17, 20, 21]]);
  });

  test('it must be known', async () => {
    const config = JSON.parse(await readFile(`${path('bart')}/config.json`, 'utf8')) as object;
    await folder.write('config.json', JSON.stringify({ ...config, decoder_start_token_id: null, bos_token_id: null }));
    await copyFile(`${path('bart')}/model.safetensors`, folder.path('model.safetensors'));
    await using unset = await LLM.load(folder.path(''), { threads: 1 });
    await expect(unset.transduce(SOURCE)).rejects.toThrow(
      'it is not known what a target begins with; wanted decoderStartTokenId, or decoder_start_token_id in generation_config.json or config.json',
    );
    const { tokenIds } = await unset.transduce(SOURCE, { ...GREEDY, decoderStartTokenId: 2 });
    expect(tokenIds).toEqual((await llm.transduce(SOURCE, GREEDY)).tokenIds);
  });
});

test('settings of an old config.json hold where there is no generation_config.json', async () => {
  const config = JSON.parse(await readFile(`${path('bart')}/config.json`, 'utf8')) as object;
  const old = { num_beams: 4, length_penalty: 2, forced_bos_token_id: 17, max_length: 6 };
  await folder.write('config.json', JSON.stringify({ ...config, ...old }));
  await copyFile(`${path('bart')}/model.safetensors`, folder.path('model.safetensors'));
  await using aged = await LLM.load(folder.path(''), { threads: 1 });
  const { tokenIds, score } = await aged.transduce(SOURCE);
  const options = { numBeams: 4, lengthPenalty: 2, forcedBosTokenId: 17, maxLength: 6 };
  const wanted = await llm.transduce(SOURCE, options);
  expect([tokenIds, score]).toEqual([wanted.tokenIds, wanted.score]);
  expect([tokenIds[0], tokenIds.length]).toEqual([17, 5]);
});

test('guidance moves away from another source', async () => {
  const plain = await llm.transduce(SOURCE, GREEDY);
  const same = await llm.transduce(SOURCE, { ...GREEDY, guidanceScale: 3, negativePromptIds: SOURCE });
  const other = await llm.transduce(SOURCE, { ...GREEDY, guidanceScale: 3, negativePromptIds: OTHER });
  expect(same.tokenIds).toEqual(plain.tokenIds);
  expect(other.tokenIds).not.toEqual(plain.tokenIds);
  await expect(llm.transduce(SOURCE, { guidanceScale: 2 })).rejects.toThrow('wanted negativePrompt');
});

test('attentions are a distribution over the source for each head and token', async () => {
  const { attentions, tokenIds } = await llm.transduce(OTHER, { ...GREEDY, attentions: true });
  const { weights, numSources, numTargets, sourceTokens, targetTokens } = attentions!;
  expect([numTargets, numSources]).toEqual([tokenIds.length, OTHER.length]);
  expect([targetTokens, sourceTokens]).toEqual([tokenIds.map(String), OTHER.map(String)]);
  const { numLayers, numHeads } = (llm.model.config as { decoder: { numLayers: number; numHeads: number } }).decoder;
  expect(weights.map((heads) => heads.length)).toEqual(new Array(numLayers).fill(numHeads));
  for (const map of weights.flat()) {
    expect(map.length).toBe(numTargets * numSources);
    for (let row = 0; row < numTargets; row++) {
      const sum = map.subarray(row * numSources, (row + 1) * numSources).reduce((total, weight) => total + weight, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  }
  expect((await llm.transduce(OTHER, GREEDY)).attentions).toBeUndefined();
});

describe('what cannot be is refused', () => {
  test.each([
    [new Array(49).fill(3), {}, 'its source has 49 tokens, but the model takes at most 48'],
    [[61], {}, 'token id 61 in its source, wanted 0 to 60'],
    [[], {}, 'its source has no tokens'],
    ['text', {}, 'the source is a text, but the model has no tokenizer; give token ids instead'],
    [SOURCE, { to: 'fr' }, 'languages are given, but the model has no tokenizer that knows them'],
    [SOURCE, { targetPrefix: 'text' }, 'targetPrefix is a text, but the model has no tokenizer'],
    [SOURCE, { decoderStartTokenId: 61 }, 'decoderStartTokenId has the token 61, but the model has 61 tokens'],
    [SOURCE, { targetPrefix: [61] }, 'token id 61, wanted 0 to 60'],
    [SOURCE, { maxLength: 1 }, 'the prompt has 1 tokens, but maxLength is 1'],
  ] as const)('%j %j', async (source, options, message) => {
    await expect(llm.transduce(source as number[], options)).rejects.toThrow(message);
  });

  test('rules that compare source and target, where their tokens are not the same', async () => {
    await using two = await LLM.load(path('marian-two-vocabularies'), { threads: 1 });
    for (const options of [{ encoderNoRepeatNgramSize: 2 }, { encoderRepetitionPenalty: 1.1 }])
      await expect(two.transduce(SOURCE, options)).rejects.toThrow('source and target have vocabularies of their own');
    expect((await two.transduce(SOURCE, GREEDY)).tokenIds.length).toBe(8);
  });

  test('what only other models can', async () => {
    await expect(llm.score(SOURCE)).rejects.toThrow('the model scores a target, given its source; wanted source');
    await expect(llm.saveCache()).rejects.toThrow('Cannot save the cache: the model has an encoder');
    await using decoderOnly = await LLM.load(goldenPath('models', 'llama-gqa'), { threads: 1 });
    await expect(decoderOnly.transduce([1, 2])).rejects.toThrow('Cannot transduce a text: the model has no encoder');
    for (const [name, value] of [['to', 'fr'] as const, ['targetPrefix', [1]] as const])
      await expect(decoderOnly.generate([1, 2], { [name]: value })).rejects.toThrow(
        `${name} is given, but the model has no encoder that reads a source`,
      );
  });

  test('a text whose tokenizer has tokens that the model does not know', async () => {
    const model = await saveTinyTranslator(folder.path('mismatched'));
    const tokenizer = JSON.parse(await readFile(`${model}/tokenizer.json`, 'utf8'));
    tokenizer.model.vocab.w99 = 70;
    await folder.write('mismatched/tokenizer.json', JSON.stringify(tokenizer));
    await using mismatched = await LLM.load(model, { threads: 1 });
    const message = 'Cannot take a request: token id 70 in its source, wanted 0 to 60';
    await expect(mismatched.translate('w5 w99')).rejects.toThrow(message);
    await expect(mismatched.score('w5', { source: 'w99' })).rejects.toThrow('token id 70, wanted 0 to 60');
    await expect(mismatched.score('w99', { source: 'w5' })).rejects.toThrow('token id 70, wanted 0 to 60');
    expect((await mismatched.translate('w5 w9', GREEDY)).tokenIds.length).toBe(8);
  });

  test('a draft model of another vocabulary', async () => {
    const load = (draft: string) => LLM.load(path('bart'), { draftModel: path(draft), threads: 1 });
    await expect(load('marian-two-vocabularies')).rejects.toThrow('vocabulary of 67 tokens, wanted 61');
    await using drafted = await load('m2m-100');
    const { tokenIds, speculation } = await drafted.transduce(SOURCE, GREEDY);
    expect(tokenIds).toEqual((await llm.transduce(SOURCE, GREEDY)).tokenIds);
    expect(speculation).toBeDefined();
  });
});
