import { describe, expect, test } from 'vitest';
import { parseGenerationOptions, readGenerationConfig } from './generation-options.ts';

const parse = parseGenerationOptions;

describe('combinations that no generation can honour', () => {
  test.each([
    [
      { numBeams: 4, numBeamGroups: 3 },
      'numBeamGroups is 3 and numBeams is 4, but the beams must be divisible into groups of one size',
    ],
    [
      { numBeamGroups: 2 },
      'numBeamGroups is 2 and numBeams is 1, but the beams must be divisible into groups of one size',
    ],
    [
      { numBeams: 4, numBeamGroups: 2, temperature: 0.5 },
      'numBeamGroups is 2 and temperature is 0.5, but groups of beams do not sample',
    ],
    [
      { numBeams: 4, diversityPenalty: 0.5 },
      'diversityPenalty is 0.5 and numBeamGroups is 1, but it is groups of beams that it keeps apart',
    ],
    [
      { penaltyAlpha: 0.6, topK: 4, numBeams: 2 },
      'penaltyAlpha is 0.6 and numBeams is 2, but contrastive search has no beams',
    ],
    [
      { penaltyAlpha: 0.6, topK: 4, temperature: 0.7 },
      'penaltyAlpha is 0.6 and temperature is 0.7, but contrastive search does not sample',
    ],
    [
      { penaltyAlpha: 0.6, topK: 4, topP: 0.9 },
      'penaltyAlpha is 0.6 and temperature is 1, but contrastive search does not sample',
    ],
    [
      { penaltyAlpha: 0.6 },
      'penaltyAlpha is 0.6 and topK is 0, but contrastive search chooses among at least 2 candidates',
    ],
    [
      { penaltyAlpha: 0.6, topK: 1 },
      'penaltyAlpha is 0.6 and topK is 1, but contrastive search chooses among at least 2 candidates',
    ],
    [{ mirostat: 2, numBeams: 2 }, 'mirostat is 2 and numBeams is 2, but Mirostat follows the tokens of one sequence'],
    [{ mirostat: 2, topK: 40 }, 'mirostat is 2 and topK is 40, but Mirostat steers by a cut of its own, alone'],
    [{ mirostat: 1, topP: 0.9 }, 'mirostat is 1 and topP is 0.9, but Mirostat steers by a cut of its own, alone'],
    [
      { mirostat: 1, xtcProbability: 1 },
      'mirostat is 1 and xtcProbability is 1, but Mirostat steers by a cut of its own, alone',
    ],
    [
      { xtcProbability: 0.5, temperature: 0 },
      'xtcProbability is 0.5 and temperature is 0, but only when drawing can the likeliest token be left out',
    ],
    [
      { typicalP: 0.9, doSample: false },
      'typicalP is 0.9 and temperature is 0, but only when drawing can the likeliest token be left out',
    ],
    [{ n: 3, numBeams: 2 }, 'numReturnSequences is 3 and numBeams is 2, but each sequence takes a beam'],
    [{ n: 2 }, 'numReturnSequences is 2 and temperature is 0, but without drawing or beams all would be the same'],
    [
      { n: 3, bestOf: 2, temperature: 1 },
      'bestOf is 2 and numReturnSequences is 3, but no more can be returned than are drawn',
    ],
    [{ bestOf: 4, numBeams: 4 }, 'bestOf is 4 and numBeams is 4, but beam search does its own choosing'],
    [{ bestOf: 4 }, 'bestOf is 4 and temperature is 0, but without drawing all sequences would be the same'],
    [
      { promptLookupNumTokens: 3, numBeams: 2 },
      'promptLookupNumTokens is 3 and numBeams is 2, but beams cannot be guessed ahead',
    ],
    [
      { promptLookupNumTokens: 3, penaltyAlpha: 0.6, topK: 4 },
      'promptLookupNumTokens is 3 and penaltyAlpha is 0.6, but contrastive search cannot be guessed ahead',
    ],
    [
      { promptLookupNumTokens: 3, guidanceScale: 1.5 },
      'promptLookupNumTokens is 3 and guidanceScale is 1.5, but guided text cannot be guessed ahead',
    ],
    [
      { guidanceScale: 2, negativePrompt: 'a', negativePromptIds: [1] },
      'negativePrompt is "a" and negativePromptIds is [1], but there is one negative prompt',
    ],
    [
      { negativePrompt: 'a' },
      'negativePrompt is "a" and guidanceScale is 1, but only guidance by a scale other than 1 looks at it',
    ],
    [
      { negativePromptIds: [1] },
      'negativePromptIds is [1] and guidanceScale is 1, but only guidance by a scale other than 1 looks at it',
    ],
  ])('%j', (input, problem) => {
    expect(() => parse(input)).toThrow(new TypeError(`Cannot read generation options: ${problem}`));
  });

  test.each([
    { numBeams: 4, numBeamGroups: 2, diversityPenalty: 0.5, n: 4, lengthPenalty: 2, earlyStopping: 'never' },
    { numBeams: 2, temperature: 0.7, topK: 5 },
    { penaltyAlpha: 0.6, topK: 4 },
    { mirostat: 2, temperature: 0.7, dynatempRange: 0.2 },
    { n: 2, bestOf: 2, temperature: 1 },
    { promptLookupNumTokens: 3, temperature: 1, n: 2 },
    { guidanceScale: 2, negativePrompt: '' },
  ])('%j go together', (input) => {
    expect(() => parse(input)).not.toThrow();
  });
});

describe('options that have no effect without another one', () => {
  test.each([
    [{ lengthPenalty: 2 }, 'lengthPenalty is 2 and numBeams is 1, but without numBeams it has no effect'],
    [{ early_stopping: true }, 'earlyStopping is true and numBeams is 1, but without numBeams it has no effect'],
    [
      { dynatempExponent: 2 },
      'dynatempExponent is 2 and dynatempRange is 0, but without dynatempRange it has no effect',
    ],
    [{ xtcThreshold: 0.2 }, 'xtcThreshold is 0.2 and xtcProbability is 0, but without xtcProbability it has no effect'],
    [{ mirostatTau: 3 }, 'mirostatTau is 3 and mirostat is 0, but without mirostat it has no effect'],
    [{ mirostatEta: 0.2 }, 'mirostatEta is 0.2 and mirostat is 0, but without mirostat it has no effect'],
    [{ dryBase: 2 }, 'dryBase is 2 and dryMultiplier is 0, but without dryMultiplier it has no effect'],
    [
      { drySequenceBreakers: [] },
      'drySequenceBreakers is [] and dryMultiplier is 0, but without dryMultiplier it has no effect',
    ],
    [
      { maxMatchingNgramSize: 3 },
      'maxMatchingNgramSize is 3 and promptLookupNumTokens is 0, but without promptLookupNumTokens it has no effect',
    ],
  ])('%j', (input, problem) => {
    expect(() => parse(input)).toThrow(new TypeError(`Cannot read generation options: ${problem}`));
  });

  test('may be given their neutral values', () => {
    const neutral = {
      lengthPenalty: 1,
      earlyStopping: false,
      mirostatTau: 5,
      drySequenceBreakers: ['\n', ':', '"', '*'],
    };
    expect(parse(neutral)).toEqual(parse());
  });

  test('may stand in a generation_config.json', () => {
    expect(parse({}, readGenerationConfig({ length_penalty: 2, early_stopping: true }))).toMatchObject({
      lengthPenalty: 2,
      earlyStopping: true,
    });
  });

  test('have one where the model turns the other one on', () => {
    expect(parse({ lengthPenalty: 2 }, readGenerationConfig({ num_beams: 3 })).lengthPenalty).toBe(2);
  });
});

describe("what of a generation_config.json does not fit with the user's options or with itself is dropped", () => {
  test.each([
    [{ temperature: 0.7 }, { penalty_alpha: 0.6, top_k: 4 }, { penaltyAlpha: 0, topK: 4, temperature: 0.7 }],
    [
      { penaltyAlpha: 0.6, topK: 4 },
      { do_sample: true, temperature: 0.6 },
      { penaltyAlpha: 0.6, temperature: 0 },
    ],
    [{ mirostat: 2 }, { top_k: 50, top_p: 0.9, num_beams: 4 }, { mirostat: 2, topK: 0, topP: 1, numBeams: 1 }],
    [{ numBeams: 2 }, { num_return_sequences: 4 }, { numBeams: 2, numReturnSequences: 1 }],
    [{ n: 4, temperature: 1 }, { num_beams: 2 }, { numBeams: 1, numReturnSequences: 4 }],
    [
      { numBeams: 3 },
      { num_beams: 4, num_beam_groups: 2, diversity_penalty: 0.5 },
      { numBeams: 3, numBeamGroups: 1, diversityPenalty: 0 },
    ],
    [{}, { num_beams: 4, penalty_alpha: 0.6, top_k: 4 }, { numBeams: 4, penaltyAlpha: 0 }],
    [{}, { penalty_alpha: 0.6 }, { penaltyAlpha: 0 }],
    [{}, { do_sample: true, penalty_alpha: 0.6, top_k: 4 }, { penaltyAlpha: 0, temperature: 1, topK: 4 }],
    [{}, { typical_p: 0.9, xtc_probability: 0.5 }, { typicalP: 1, xtcProbability: 0 }],
    [{}, { num_return_sequences: 3 }, { numReturnSequences: 1 }],
    [{}, { do_sample: true, num_return_sequences: 3 }, { numReturnSequences: 3, temperature: 1 }],
    [{ guidanceScale: 1 }, { guidance_scale: 2, negative_prompt_ids: [1] }, { negativePromptIds: undefined }],
  ])('%j over a model of %j', (user, model, expected) => {
    expect(parse(user, readGenerationConfig(model))).toMatchObject(expected);
  });

  test("but not the user's own", () => {
    expect(() => parse({ n: 2 }, readGenerationConfig({ temperature: 0.6 }))).toThrow(
      new TypeError(
        'Cannot read generation options: numReturnSequences is 2 and temperature is 0, but without drawing or beams all would be the same',
      ),
    );
  });
});

test('One sequence drawn of one to return is no choice', () => {
  expect(parse({ bestOf: 1 })).toEqual(parse());
});
