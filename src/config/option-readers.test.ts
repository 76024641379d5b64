import { describe, expect, test } from 'vitest';
import type { GenerationInput } from './generation-input.ts';
import { parseGenerationOptions } from './generation-options.ts';
import { NEUTRAL_OPTIONS } from './neutral-options.ts';

const parse = parseGenerationOptions;

describe('names', () => {
  test('every option has one in camel and one in snake case', () => {
    const values: Partial<Record<keyof typeof NEUTRAL_OPTIONS, unknown>> = { stopStrings: ['x'], stopTokenIds: [3] };
    const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const [name, neutral] of Object.entries(NEUTRAL_OPTIONS)) {
      const value = values[name as keyof typeof values] ?? neutral;
      expect(parse({ [name]: value }), name).toEqual(parse({ [snakeCase(name)]: value }));
    }
  });

  test('of Hugging Face', () => {
    const input = {
      num_beams: 4,
      num_beam_groups: 2,
      diversity_penalty: 0.5,
      length_penalty: 0.8,
      early_stopping: 'never',
      num_return_sequences: 2,
      no_repeat_ngram_size: 3,
      encoder_no_repeat_ngram_size: 4,
      encoder_repetition_penalty: 1.1,
      bad_words_ids: [[1, 2], [3]],
      sequence_bias: [[[1, 2], -5]],
      exponential_decay_length_penalty: [5, 1.1],
      suppress_tokens: [1],
      begin_suppress_tokens: [2, 2],
      forced_bos_token_id: 3,
      forced_eos_token_id: 4,
      remove_invalid_values: true,
      renormalize_logits: true,
      guidance_scale: 1.5,
      negative_prompt_ids: [7],
      watermarking_config: { bias: 2.5, seeding_scheme: 'selfhash' },
      max_time: 2.5,
      num_assistant_tokens: 7,
    } satisfies GenerationInput;
    expect(parse(input)).toMatchObject({
      numBeams: 4,
      numBeamGroups: 2,
      diversityPenalty: 0.5,
      lengthPenalty: 0.8,
      earlyStopping: 'never',
      numReturnSequences: 2,
      noRepeatNgramSize: 3,
      encoderNoRepeatNgramSize: 4,
      encoderRepetitionPenalty: 1.1,
      badWordsIds: [[1, 2], [3]],
      sequenceBias: [{ tokenIds: [1, 2], bias: -5 }],
      exponentialDecayLengthPenalty: { start: 5, factor: 1.1 },
      suppressTokens: [1],
      beginSuppressTokens: [2],
      forcedBosTokenId: 3,
      forcedEosTokenId: [4],
      removeInvalidValues: true,
      renormalizeLogits: true,
      guidanceScale: 1.5,
      negativePromptIds: [7],
      watermark: { greenlistRatio: 0.25, bias: 2.5, hashingKey: 15485863, seedingScheme: 'selfhash', contextWidth: 1 },
      maxTime: 2.5,
      numDraftTokens: 7,
    });
  });

  test('of OpenAI, vLLM and llama.cpp', () => {
    const input = {
      n: 2,
      best_of: 3,
      logit_bias: { 50256: -100, 7: 1.5 },
      allowed_token_ids: [1, 2],
      bad_words: ['no'],
      typical: 0.9,
      top_n_sigma: 1,
      xtc_probability: 0.5,
      xtc_threshold: 0.2,
      dry_multiplier: 0.8,
      dry_base: 2,
      dry_allowed_length: 3,
      dry_penalty_last_n: 64,
      dry_sequence_breakers: ['.'],
      dynatemp_range: 0.5,
      dynatemp_exponent: 1.5,
    } satisfies GenerationInput;
    expect(parse(input)).toMatchObject({
      numReturnSequences: 2,
      bestOf: 3,
      logitBias: new Map([
        [50256, -100],
        [7, 1.5],
      ]),
      allowedTokenIds: [1, 2],
      badWords: ['no'],
      typicalP: 0.9,
      topNSigma: 1,
      xtcProbability: 0.5,
      xtcThreshold: 0.2,
      dryMultiplier: 0.8,
      dryBase: 2,
      dryAllowedLength: 3,
      dryPenaltyLastN: 64,
      drySequenceBreakers: ['.'],
      dynatempRange: 0.5,
      dynatempExponent: 1.5,
    });
    expect(parse({ mirostat: 2, mirostat_tau: 3, mirostat_eta: 0.2 })).toMatchObject({
      mirostat: 2,
      mirostatTau: 3,
      mirostatEta: 0.2,
    });
  });

  test('are one option if they say the same of a map or of -Infinity', () => {
    const bias = [{ tokenIds: [1], bias: Number.NEGATIVE_INFINITY }];
    const same = { logitBias: new Map([[1, 2]]), logit_bias: { 1: 2 }, sequenceBias: bias, sequence_bias: bias };
    expect(parse(same).logitBias.get(1)).toBe(2);
    expect(() => parse({ logitBias: { 1: 2 }, logit_bias: { 1: 3 } })).toThrow(
      new TypeError(
        'Cannot read generation options: logitBias is an object and logit_bias is an object, but they are one option',
      ),
    );
    const zero = [{ tokenIds: [1], bias: 0 }];
    expect(() => parse({ sequenceBias: bias, sequence_bias: zero })).toThrow(TypeError);
  });
});

describe('values', () => {
  test('a sequence may be forbidden, and written in snake case', () => {
    const { sequenceBias } = parse({ sequenceBias: [{ token_ids: [4], bias: Number.NEGATIVE_INFINITY }] });
    expect(sequenceBias).toEqual([{ tokenIds: [4], bias: Number.NEGATIVE_INFINITY }]);
  });

  test('an order of processors is a list of names', () => {
    expect(parse({ processorOrder: ['topP', 'topK'] }).processorOrder).toEqual(['topP', 'topK']);
  });

  test.each([
    [{ mirostat: 3 }, 'mirostat is 3, but it must be 0, 1 or 2'],
    [{ draftAcceptance: 'x' }, 'draftAcceptance is "x", but it must be "exact" or "rejection"'],
    [{ earlyStopping: 'x' }, 'earlyStopping is "x", but it must be false, true or "never"'],
    [
      { xtcThreshold: 0.6 },
      'xtcThreshold is 0.6, but it must be from 0 to 0.5, since above it there is one token at most',
    ],
    [{ maxTime: 0 }, 'maxTime is 0, but it must be above 0'],
    [{ guidanceScale: -1 }, 'guidanceScale is -1, but it must be 0 or more'],
    [{ etaCutoff: 1 }, 'etaCutoff is 1, but it must be from 0 to below 1'],
    [{ typical: 0 }, 'typical is 0, but it must be above 0 and at most 1'],
    [{ lengthPenalty: Number.NaN }, 'lengthPenalty is NaN, but it must be finite'],
    [{ dryBase: 0.5 }, 'dryBase is 0.5, but it must be 1 or more'],
    [{ logitBias: { 1: 101 } }, 'logitBias is 101, but it must be from -100 to 100'],
    [{ allowedTokenIds: [] }, 'allowedTokenIds is [], but it must have at least one token id'],
    [{ badWordsIds: [[1], []] }, 'badWordsIds is [], but it must have at least one token id'],
    [{ sequenceBias: [[[1], Number.NaN]] }, 'sequenceBias is NaN, but it must be finite or -Infinity'],
    [{ exponentialDecayLengthPenalty: [5, 0] }, 'exponentialDecayLengthPenalty is 0, but it must be a factor above 0'],
    [
      { processorOrder: ['topK', 'topP', 'topK'] },
      'processorOrder is ["topK", "topP", "topK"], but "topK" is in it twice',
    ],
    [
      { watermark: { greenlistRatio: 1 } },
      'watermark is an object whose greenlistRatio is 1, but it must be above 0 and below 1',
    ],
    [
      { watermark: { seeding_scheme: 'x' } },
      'watermark is an object whose seeding_scheme is "x", but it must be "lefthash" or "selfhash"',
    ],
    [{ negativePrompt: '\ud83d' }, 'negativePrompt is "\\ud83d", but it must not hold half a character'],
  ])('rejects the impossible %o', (input, problem) => {
    expect(() => parse(input)).toThrow(new RangeError(`Cannot read generation options: ${problem}`));
  });

  test.each([
    [{ mirostat: true }, 'mirostat is true, but it must be 0, 1 or 2'],
    [{ draftAcceptance: 1 }, 'draftAcceptance is 1, but it must be "exact" or "rejection"'],
    [{ negativePrompt: ['a'] }, 'negativePrompt is ["a"], but it must be a string'],
    [{ badWordsIds: 5 }, 'badWordsIds is 5, but it must be a list of lists of token ids'],
    [{ badWordsIds: [5] }, 'badWordsIds is 5, but it must be a list of token ids'],
    [{ logitBias: [[1, 2]] }, 'logitBias is [[1, 2]], but it must be an object of biases by token id'],
    [{ logitBias: { hello: 2 } }, 'logitBias is an object with the key "hello", but each key must be a token id'],
    [{ logitBias: new Map([[1.5, 2]]) }, 'logitBias is an object with the key 1.5, but each key must be a token id'],
    [{ sequenceBias: { '1': 2 } }, 'sequenceBias is an object, but it must be a list of {tokenIds, bias}'],
    [{ sequenceBias: [[[1]]] }, 'sequenceBias is [[1]], but it must be a list of {tokenIds, bias}'],
    [
      { sequenceBias: [{ tokenIds: [1], bias: 2, weight: 3 }] },
      'sequenceBias is an object, but it must be a list of {tokenIds, bias}',
    ],
    [{ exponentialDecayLengthPenalty: 5 }, 'exponentialDecayLengthPenalty is 5, but it must be {start, factor}'],
    [{ processorOrder: 'topK' }, 'processorOrder is "topK", but it must be a list of names'],
    [{ watermark: 'yes' }, 'watermark is "yes", but it must be an object'],
    [
      { watermark: { hashing_kee: 5 } },
      'watermark is an object with the unknown setting "hashing_kee", did you mean "hashingKey"?',
    ],
  ])('rejects the wrong type in %o', (input, problem) => {
    expect(() => parse(input)).toThrow(new TypeError(`Cannot read generation options: ${problem}`));
  });
});
