import { describe, expect, test } from 'vitest';
import type { GenerationInput } from './generation-input.ts';
import { parseGenerationOptions, readGenerationConfig } from './generation-options.ts';
import { NEUTRAL_OPTIONS } from './neutral-options.ts';

const parse = parseGenerationOptions;

describe('parseGenerationOptions', () => {
  test('gives every option a neutral value when nothing is said', () => {
    expect(parse()).toEqual(NEUTRAL_OPTIONS);
  });

  test('is frozen, lists included', () => {
    const options = parse({
      stop: 'x',
      stopTokenIds: [1],
      badWordsIds: [[1]],
      sequenceBias: [{ tokenIds: [1], bias: 2 }],
      watermark: {},
    });
    const isMap = (value: unknown): boolean => value instanceof Map;
    const parts = [options, ...Object.values(options), options.badWordsIds[0], options.sequenceBias[0]?.tokenIds];
    expect(parts.filter((part) => !isMap(part) && !Object.isFrozen(part))).toEqual([]);
  });

  test('understands the names of Hugging Face', () => {
    const input = {
      max_new_tokens: 5,
      max_length: 20,
      min_new_tokens: 2,
      min_length: 3,
      do_sample: true,
      temperature: 0.5,
      top_k: 4,
      top_p: 0.9,
      min_p: 0.1,
      repetition_penalty: 1.2,
      eos_token_id: [7, 8, 7],
      stop_strings: ['a', 'b'],
    } satisfies GenerationInput;
    expect(parse(input)).toMatchObject({
      maxNewTokens: 5,
      maxLength: 20,
      minNewTokens: 2,
      minLength: 3,
      temperature: 0.5,
      topK: 4,
      topP: 0.9,
      minP: 0.1,
      repetitionPenalty: 1.2,
      stopTokenIds: [7, 8],
      stopStrings: ['a', 'b'],
    });
  });

  test('understands the names of OpenAI and vLLM', () => {
    const input = {
      max_completion_tokens: 5,
      min_tokens: 1,
      stop: 'END',
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      logprobs: true,
      top_logprobs: 3,
      n: 1,
      stop_token_ids: [4],
      seed: 11,
    } satisfies GenerationInput;
    expect(parse(input)).toMatchObject({
      maxNewTokens: 5,
      minNewTokens: 1,
      stopStrings: ['END'],
      frequencyPenalty: 0.5,
      presencePenalty: -0.5,
      logProbs: 3,
      stopTokenIds: [4],
      seed: 11,
    });
  });

  test('takes null and undefined as absent', () => {
    expect(parse({ temperature: null, top_k: undefined, stop: null, num_beams: null })).toEqual(parse());
  });

  test('accepts two spellings that agree', () => {
    expect(parse({ maxNewTokens: 9, max_tokens: 9, stop: 'x', stopStrings: ['x'] }).maxNewTokens).toBe(9);
  });

  test('rejects two spellings that disagree', () => {
    expect(() => parse({ max_tokens: 5, maxNewTokens: 10 })).toThrow(
      new TypeError('Cannot read generation options: max_tokens is 5 and maxNewTokens is 10, but they are one option'),
    );
  });

  test.each([
    ['topk', ', did you mean "topK"?'],
    ['max_new_token', ', did you mean "max_new_tokens"?'],
    ['temprature', ', did you mean "temperature"?'],
    ['zzzzzzzz', ''],
    ['__proto__x', ''],
    ['constructor', ''],
    ['hasOwnProperty', ''],
  ])('rejects the unknown option %s', (name, suggestion) => {
    expect(() => parse({ [name]: 1 })).toThrow(
      new TypeError(`Cannot read generation options: unknown option ${JSON.stringify(name)}${suggestion}`),
    );
  });

  test.each([
    ['force_words_ids', [[1]]],
    ['constraints', [{}]],
    ['dolaLayers', 'high'],
    ['token_healing', true],
    ['echo', true],
    ['use_cache', false],
  ])('says that %s is not supported yet', (name, value) => {
    expect(() => parse({ [name]: value })).toThrow(TypeError);
    expect(() => parse({ [name]: value })).toThrow(`Cannot read generation options: ${name} is`);
    expect(() => parse({ [name]: value })).toThrow('which is not supported yet');
  });

  test('accepts unsupported options that ask for nothing', () => {
    expect(parse({ token_healing: false, constraints: [], suffix: '', use_cache: true })).toEqual(parse());
  });

  test.each([
    [{ temperature: -1 }, 'temperature is -1, but it must be 0 (greedy) or more'],
    [{ temperature: Number.NaN }, 'temperature is NaN, but it must be 0 (greedy) or more'],
    [{ temperature: Number.POSITIVE_INFINITY }, 'temperature is Infinity, but it must be 0 (greedy) or more'],
    [{ top_p: 0 }, 'top_p is 0, but it must be above 0 and at most 1'],
    [{ topP: 1.5 }, 'topP is 1.5, but it must be above 0 and at most 1'],
    [{ minP: -0.1 }, 'minP is -0.1, but it must be from 0 to 1'],
    [{ repetitionPenalty: 0 }, 'repetitionPenalty is 0, but it must be above 0'],
    [{ frequencyPenalty: 3 }, 'frequencyPenalty is 3, but it must be from -2 to 2'],
    [{ topK: 1.5 }, 'topK is 1.5, but it must be a whole number from 0 to 9007199254740991'],
    [{ maxNewTokens: 0 }, 'maxNewTokens is 0, but it must be a whole number from 1 to 9007199254740991'],
    [{ seed: 2 ** 53 }, 'seed is 9007199254740992, but it must be a whole number from 0 to 9007199254740991'],
    [{ stop: ['a', ''] }, 'stop is "", but it must not be empty'],
    [{ stop: '\ud83d' }, 'stop is "\\ud83d", but it must not hold half a character'],
    [{ eosTokenId: [-1] }, 'eosTokenId is -1, but it must be a whole number from 0 to 9007199254740991'],
    [{ minNewTokens: 9, maxNewTokens: 8 }, 'minNewTokens is 9, but maxNewTokens is 8'],
    [{ min_length: 9, max_length: 8 }, 'minLength is 9, but maxLength is 8'],
    [{ minNewTokens: 300 }, 'minNewTokens is 300, but maxNewTokens is 256'],
  ])('rejects the impossible %o', (input, problem) => {
    expect(() => parse(input)).toThrow(new RangeError(`Cannot read generation options: ${problem}`));
  });

  test.each([
    [{ temperature: '1' }, 'temperature is "1", but it must be a number'],
    [{ doSample: 1 }, 'doSample is 1, but it must be true or false'],
    [{ stop: 5 }, 'stop is 5, but it must be a string or a list of strings'],
    [{ stop: ['a', {}] }, 'stop is an object, but it must be a string or a list of strings'],
    [{ eos_token_id: 'a' }, 'eos_token_id is "a", but it must be a number'],
    [{ logProbs: 'all' }, 'logProbs is "all", but it must be a number'],
    [{ ignoreEos: true, eosTokenId: 2 }, 'ignoreEos is true, but eosTokenId is given too'],
    [{ logprobs: false, top_logprobs: 2 }, 'logProbs is false and topLogProbs is 2, but they must agree'],
    [{ logProbs: 3, topLogProbs: 2 }, 'logProbs is 3 and topLogProbs is 2, but they must agree'],
  ])('rejects the wrong type in %o', (input, problem) => {
    expect(() => parse(input)).toThrow(new TypeError(`Cannot read generation options: ${problem}`));
  });

  test.each([null, 'x', [1], 5])('rejects %j in place of options', (input) => {
    expect(() => parse(input as unknown as object)).toThrow(TypeError);
  });

  test.each([
    [{ logProbs: true }, 0],
    [{ logprobs: 4 }, 4],
    [{ top_logprobs: 2 }, 2],
    [{ logProbs: false }, undefined],
    [{ logProbs: 2, topLogProbs: 2 }, 2],
  ])('reads %j as a number of likeliest tokens', (input, expected) => {
    expect(parse(input).logProbs).toBe(expected);
  });
});

describe('stop tokens', () => {
  const model = readGenerationConfig({ eos_token_id: [2, 3] });
  test.each([
    [{}, [2, 3]],
    [{ eos_token_id: 9 }, [9]],
    [{ stopTokenIds: [5, 2] }, [2, 3, 5]],
    [{ ignoreEos: true }, []],
    [{ ignoreEos: true, stopTokenIds: 5 }, [5]],
  ])('%j stops at %j', (user, expected) => {
    expect(parse(user, model).stopTokenIds).toEqual(expected);
  });
});

describe('lengths', () => {
  test.each([
    [{}, { max_length: 50 }, { maxNewTokens: undefined, maxLength: 50 }],
    [{}, { max_new_tokens: 7 }, { maxNewTokens: 7, maxLength: undefined }],
    [{ maxNewTokens: 9 }, { max_length: 50, max_new_tokens: 7 }, { maxNewTokens: 9, maxLength: undefined }],
    [{ maxLength: 60 }, { max_new_tokens: 7 }, { maxNewTokens: undefined, maxLength: 60 }],
    [{ maxNewTokens: 4 }, { min_new_tokens: 6 }, { maxNewTokens: 4, minNewTokens: 4 }],
    [{ minNewTokens: 2 }, { min_length: 6 }, { minNewTokens: 2, minLength: 0 }],
    [{}, { min_length: 9, max_length: 8 }, { maxLength: 8, minLength: 8 }],
  ])('%j over a model of %j', (user, model, expected) => {
    expect(parse(user, readGenerationConfig(model))).toMatchObject(expected);
  });
});

describe('readGenerationConfig', () => {
  test('reads a real file and passes over what says nothing about generation', () => {
    const defaults = readGenerationConfig({
      _from_model_config: true,
      bos_token_id: 1,
      do_sample: true,
      eos_token_id: [2, 3],
      max_length: 4096,
      pad_token_id: 0,
      temperature: 0.6,
      top_p: 0.9,
      num_beams: 1,
      transformers_version: '4.31.0.dev0',
    });
    expect(defaults).toEqual({
      values: { doSample: true, eosTokenId: [2, 3], maxLength: 4096, temperature: 0.6, topP: 0.9, numBeams: 1 },
      bosTokenId: 1,
      ignored: [],
    });
  });

  test('lists what it cannot honour', () => {
    const config = { constraints: ['x'], my_own: 1, suppress_tokens: [5], token_healing: false };
    expect(readGenerationConfig(config).ignored).toEqual(['constraints', 'my_own']);
  });

  test('rejects impossible values', () => {
    expect(() => readGenerationConfig({ top_p: 7 })).toThrow(
      new RangeError('Cannot read generation_config.json: top_p is 7, but it must be above 0 and at most 1'),
    );
    expect(() => readGenerationConfig({ bos_token_id: 'x' })).toThrow(
      new TypeError('Cannot read generation_config.json: bos_token_id is "x", but it must be a number'),
    );
    expect(() => readGenerationConfig([])).toThrow(
      new TypeError('Cannot read generation_config.json: [], but it must be an object'),
    );
  });
});
