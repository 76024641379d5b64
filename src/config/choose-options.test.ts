import { describe, expect, test } from 'vitest';
import { parseGenerationOptions, readGenerationConfig } from './generation-options.ts';

const parse = parseGenerationOptions;

describe('the choice between greedy and sampling', () => {
  const sampling = { do_sample: true, temperature: 0.6, top_p: 0.9 };
  test.each([
    [{}, {}, 0],
    [{}, { do_sample: false, temperature: 0.6 }, 0],
    [{}, { temperature: 0.6, top_k: 50 }, 0],
    [{}, sampling, 0.6],
    [{}, { do_sample: true }, 1],
    [{ temperature: 0.3 }, {}, 0.3],
    [{ temperature: 0.3 }, { do_sample: false }, 0.3],
    [{ temperature: 0 }, sampling, 0],
    [{ temperature: 0, topP: 0.5 }, sampling, 0],
    [{ doSample: false }, sampling, 0],
    [{ doSample: false, topK: 5 }, {}, 0],
    [{ doSample: true }, {}, 1],
    [{ doSample: true }, { do_sample: false, temperature: 0.6 }, 0.6],
    [{ doSample: true }, { temperature: 0 }, 1],
    [{ topP: 0.5 }, {}, 1],
    [{ topK: 5 }, { temperature: 0.6 }, 0.6],
    [{ minP: 0.1 }, {}, 1],
    [{ typicalP: 0.9 }, {}, 1],
    [{ epsilonCutoff: 0.01 }, {}, 1],
    [{ etaCutoff: 0.01 }, {}, 1],
    [{ topNSigma: 1 }, {}, 1],
    [{ xtcProbability: 0.5 }, {}, 1],
    [{ mirostat: 2 }, {}, 1],
    [{ dynatempRange: 0.5 }, { temperature: 0.6 }, 0.6],
    [{ typicalP: 1, epsilonCutoff: 0, etaCutoff: 0, topNSigma: 0, mirostat: 0, dynatempRange: 0 }, {}, 0],
    [{ penaltyAlpha: 0.6, topK: 4 }, {}, 0],
    [{ penaltyAlpha: 0.6, topK: 4 }, sampling, 0],
    [{ topK: 4 }, { penalty_alpha: 0.6 }, 0],
    [{ penaltyAlpha: 0, topK: 4 }, { penalty_alpha: 0.6 }, 1],
    [{ numBeams: 4 }, {}, 0],
    [{ numBeams: 4 }, sampling, 0.6],
    [{ numBeams: 4, numBeamGroups: 2 }, sampling, 0],
    [{ topP: 1, topK: 0, minP: 0 }, {}, 0],
    [{ seed: 4 }, {}, 0],
  ])('%j over a model of %j: temperature %d', (user, model, temperature) => {
    expect(parse(user, readGenerationConfig(model)).temperature).toBe(temperature);
  });

  test('a sampled choice keeps the filters of the model that the user leaves alone', () => {
    expect(parse({ temperature: 1, topK: 3 }, readGenerationConfig(sampling))).toMatchObject({ topK: 3, topP: 0.9 });
  });

  test.each([
    [
      { doSample: false, temperature: 0.7 },
      'doSample is false and temperature is 0.7, but without sampling it must be 0 or left out',
    ],
    [{ do_sample: true, temperature: 0 }, 'doSample is true and temperature is 0, but sampling needs one above 0'],
  ])('rejects the contradiction %j', (input, problem) => {
    expect(() => parse(input)).toThrow(new TypeError(`Cannot read generation options: ${problem}`));
  });
});
