import { describe, expect, test } from 'vitest';
import { NEUTRAL_OPTIONS } from '../config/neutral-options.ts';
import {
  composeProcessors,
  type ProcessorChain,
  type ProcessorContext,
  type ProcessorOptions,
} from './compose-processors.ts';
import { PROCESSOR_ORDER } from './processor-order.ts';
import { applyChain } from './sampler.ts';

const REMOVED = Number.NEGATIVE_INFINITY;
const NEUTRAL: ProcessorOptions = { ...NEUTRAL_OPTIONS, temperature: 1, stopTokenIds: [2] };
const CONTEXT: ProcessorContext = { seed: 1, maxLength: 10, vocabSize: 8 };

function compose(options: Partial<ProcessorOptions>, context: Partial<ProcessorContext> = {}): ProcessorChain {
  return composeProcessors({ ...NEUTRAL, ...options }, { ...CONTEXT, ...context });
}

function functionsOf({ processors, filters, rest }: ProcessorChain): unknown[] {
  return [...processors, ...filters, ...(rest === undefined ? [] : functionsOf(rest))];
}

function run(
  options: Partial<ProcessorOptions>,
  logits: readonly number[],
  generatedIds: readonly number[],
  context: Partial<ProcessorContext> = {},
): number[] {
  const row = Float32Array.from(logits);
  const sequence = { promptIds: [], generatedIds, tokenIds: generatedIds, position: generatedIds.length };
  applyChain(compose(options, context), row, sequence);
  return [...row];
}

/** Options that ask for one processor each, in the order of the list. */
const ASKING: readonly (readonly [name: string, options: Partial<ProcessorOptions>])[] = [
  ['sequenceBias', { sequenceBias: [{ tokenIds: [1], bias: 1 }] }],
  ['logitBias', { logitBias: new Map([[1, 1]]) }],
  ['encoderRepetitionPenalty', { encoderRepetitionPenalty: 1.1 }],
  ['repetitionPenalty', { repetitionPenalty: 1.1 }],
  ['frequencyPresencePenalty', { frequencyPenalty: 0.1 }],
  ['frequencyPresencePenalty', { presencePenalty: -0.1 }],
  ['dry', { dryMultiplier: 0.8 }],
  ['noRepeatNgram', { noRepeatNgramSize: 3 }],
  ['encoderNoRepeatNgram', { encoderNoRepeatNgramSize: 3 }],
  ['badWords', { badWordsIds: [[1]] }],
  ['minNewTokens', { minNewTokens: 1 }],
  ['allowedTokens', { allowedTokenIds: [1] }],
  ['forcedBos', { forcedBosTokenId: 1 }],
  ['forcedEos', { forcedEosTokenId: [1] }],
  ['removeInvalidValues', { removeInvalidValues: true }],
  ['exponentialDecayLength', { exponentialDecayLengthPenalty: { start: 1, factor: 1.1 } }],
  ['suppressTokens', { suppressTokens: [1] }],
  ['beginSuppressTokens', { beginSuppressTokens: [1] }],
  ['temperature', { temperature: 0.9 }],
  ['temperature', { dynatempRange: 0.5 }],
  ['topK', { topK: 5 }],
  ['topP', { topP: 0.9 }],
  ['minP', { minP: 0.1 }],
  ['typical', { typicalP: 0.9 }],
  ['epsilonCutoff', { epsilonCutoff: 0.01 }],
  ['etaCutoff', { etaCutoff: 0.01 }],
  ['topNSigma', { topNSigma: 1 }],
  ['xtc', { xtcProbability: 0.5 }],
  ['mirostat', { mirostat: 1 }],
  ['mirostat', { mirostat: 2 }],
  [
    'watermark',
    { watermark: { greenlistRatio: 0.25, bias: 2, hashingKey: 1, seedingScheme: 'lefthash', contextWidth: 1 } },
  ],
  ['renormalize', { renormalizeLogits: true }],
];

describe('what is composed', () => {
  test('nothing of neutral options', () => {
    expect(functionsOf(compose({}))).toEqual([]);
  });

  test.each(ASKING)('%s of %o alone', (name, options) => {
    expect(functionsOf(compose(options))).toHaveLength(1);
    expect(functionsOf(compose({ ...options, processorOrder: [name] }))).toHaveLength(1);
  });

  test('each processor of the list is asked for by an option or by the context', () => {
    const byContext = ['prefixAllowedTokens', 'logitsProcessors'];
    expect(new Set([...ASKING.map(([name]) => name), ...byContext])).toEqual(new Set(PROCESSOR_ORDER));
    const functions = { prefixAllowedTokens: () => [1], logitsProcessors: [() => {}, () => {}] };
    expect(functionsOf(compose({}, functions))).toHaveLength(3);
  });

  test('no filters for a greedy choice, but what removes tokens', () => {
    const filters = ASKING.slice(
      ASKING.findIndex(([name]) => name === 'temperature'),
      -2,
    );
    expect(filters).toHaveLength(12);
    for (const [name, options] of filters)
      expect(functionsOf(compose({ ...options, temperature: 0 })), name).toEqual([]);
    for (const [name, options] of ASKING.filter((asking) => !filters.includes(asking)))
      expect(functionsOf(compose({ ...options, temperature: 0 })), name).toHaveLength(1);
  });

  test.each([
    { minNewTokens: 5, stopTokenIds: [] },
    { exponentialDecayLengthPenalty: { start: 1, factor: 2 }, stopTokenIds: [] },
  ])('nothing for stop tokens where there are none: %j', (options) => {
    expect(functionsOf(compose(options))).toEqual([]);
  });
});

describe('the order', () => {
  test('is that of the list', () => {
    const names = new Map(ASKING.filter(([name]) => name !== 'mirostat' && name !== 'allowedTokens'));
    const options = Object.assign({}, ...[...names.values()], { dynatempRange: 0 });
    const logits = [3, 1, 2, 5, 4, 0, 3.5, 2.5, 1.5, 4.5, 0.5, 3.2];
    const sequence = { promptIds: [3, 9], generatedIds: [4, 9, 4], tokenIds: [3, 9, 4, 9, 4], position: 5 };
    const context = { vocabSize: logits.length };
    const expected = Float32Array.from(logits);
    for (const name of PROCESSOR_ORDER) {
      const one = compose(
        { ...names.get(name), ...(name === 'temperature' ? { dynatempRange: 0, temperature: 0.9 } : {}) },
        context,
      );
      applyChain(one, expected, sequence);
    }
    const row = Float32Array.from(logits);
    applyChain(compose(options, context), row, sequence);
    expect([...row]).toEqual([...expected]);
    expect(row.filter((logit) => logit > REMOVED).length).toBeGreaterThan(0);
    const reversed = Float32Array.from(logits);
    applyChain(compose({ ...options, processorOrder: [...PROCESSOR_ORDER].reverse() }, context), reversed, sequence);
    expect([...reversed]).not.toEqual([...expected]);
  });

  test("puts the user's own after what removes tokens and before what narrows the choice", () => {
    const seen: number[][] = [];
    const logitsProcessors = [(row: Float32Array) => void seen.push([...row])];
    run({ suppressTokens: [1], temperature: 0.5, topK: 1 }, [1, 2, 3], [], { logitsProcessors });
    expect(seen).toEqual([[1, REMOVED, 3]]);
  });

  test('may be another one', () => {
    // ln 2 / 2 apart after the temperature: 0.6 of the whole, so that the second is needed too.
    const logits = [Math.log(4), Math.log(2), Math.log(1)];
    const numKept = (processorOrder?: string[]) =>
      run({ temperature: 2, topP: 0.55, processorOrder }, logits, []).filter((logit) => logit !== REMOVED).length;
    expect(numKept()).toBe(2);
    expect(numKept(['temperature', 'topP'])).toBe(2);
    expect(numKept(['topP', 'temperature'])).toBe(1);
  });

  test('may have names that nobody asks for', () => {
    expect(functionsOf(compose({ topK: 3, processorOrder: [...PROCESSOR_ORDER].reverse() }))).toHaveLength(1);
  });

  test.each([
    [
      { topK: 3, topP: 0.9, processorOrder: ['topK'] },
      'Cannot order the processors: topP is asked for, but processorOrder does not have it',
    ],
    [
      { processorOrder: ['topK', 'topp'] },
      'Cannot order the processors: unknown processor "topp", did you mean "topP"?',
    ],
    [{ processorOrder: ['constructor'] }, 'Cannot order the processors: unknown processor "constructor"'],
  ])('%j is rejected', (options, message) => {
    expect(() => compose(options)).toThrow(new TypeError(message));
  });
});

describe('top-k', () => {
  const watermark = {
    greenlistRatio: 0.5,
    bias: 2,
    hashingKey: 1,
    seedingScheme: 'lefthash',
    contextWidth: 1,
  } as const;

  test('comes before a temperature, and what follows sees the shortlist', () => {
    const chain = compose({
      repetitionPenalty: 1.1,
      temperature: 0.7,
      topK: 5,
      topP: 0.9,
      minP: 0.1,
      xtcProbability: 1,
    });
    expect([chain.processors.length, chain.filters.length, chain.isShortlisted]).toEqual([2, 4, true]);
    expect(chain.rest).toBeUndefined();
  });

  test('comes after a dynamic temperature, which depends on all tokens', () => {
    const chain = compose({ dynatempRange: 0.5, topK: 5 });
    expect([chain.processors.length, chain.filters.length]).toEqual([2, 0]);
  });

  test('gives the whole row to a processor that comes later', () => {
    const chain = compose({ temperature: 0.7, topK: 5, topP: 0.9, watermark, renormalizeLogits: true });
    expect([chain.processors.length, chain.filters.length]).toEqual([1, 2]);
    expect(chain.rest).toMatchObject({ isShortlisted: false });
    expect(chain.rest?.processors).toHaveLength(2);
  });

  test('makes no list for a processor that needs the whole row', () => {
    const chain = compose({ topK: 5, watermark });
    expect([chain.processors.length, chain.isShortlisted]).toEqual([2, false]);
  });

  test('with a later processor computes what the whole row would', () => {
    const logits = [3, 1, 2, 5, 4, 0, 3.5, 2.5];
    const options = { temperature: 0.7, topK: 5, topP: 0.9, watermark, renormalizeLogits: true };
    const row = Float32Array.from(logits);
    const sequence = { promptIds: [], generatedIds: [1], tokenIds: [1], position: 1 };
    const { processors, filters, rest } = compose(options);
    for (const process of [...processors, ...filters, ...rest!.processors]) process(row, sequence);
    expect(run(options, logits, [1])).toEqual([...row]);
  });
});

describe('a token that is not in the vocabulary', () => {
  test.each<[keyof ProcessorOptions, unknown]>([
    ['badWordsIds', [[1], [2, 8]]],
    ['logitBias', new Map([[8, 1]])],
    ['sequenceBias', [{ tokenIds: [8, 1], bias: 1 }]],
    ['allowedTokenIds', [7, 8]],
    ['suppressTokens', [8]],
    ['beginSuppressTokens', [8]],
    ['forcedBosTokenId', 8],
    ['forcedEosTokenId', [8]],
  ])('is rejected in %s', (name, value) => {
    expect(() => compose({ [name]: value })).toThrow(
      new RangeError(`Cannot generate: ${name} has the token 8, but the model has 8 tokens`),
    );
  });
});

test('XTC draws by the seed of the sequence', () => {
  const isCut = (seed: number) =>
    Array.from({ length: 60 }, (_, position) => {
      const tokenIds = new Array<number>(position).fill(0);
      return run({ xtcProbability: 0.5 }, [1, 1], tokenIds, { seed })[0] === REMOVED;
    });
  expect(isCut(1)).toEqual(isCut(1));
  expect(isCut(1)).not.toEqual(isCut(2));
});

test('A temperature for beams leaves their scores comparable', () => {
  expect(run({ temperature: 0.5, numBeams: 2 }, [-1, -2], [])).toEqual([-2, -4]);
  expect(run({ dynatempRange: 0.5, numBeams: 2 }, [-1.5, -1.5], [])).toEqual([-1, -1]);
});

test('The last token is forced where generation ends', () => {
  expect(run({ forcedEosTokenId: [1] }, [1, 2, 3], [0], { maxLength: 2 })).toEqual([REMOVED, 0, REMOVED]);
  expect(run({ forcedEosTokenId: [1] }, [1, 2, 3], [0], { maxLength: 3 })).toEqual([1, 2, 3]);
});

test('DRY goes not past the tokens that break sequences', () => {
  const text = [3, 1, 2, 0, 3, 1, 2];
  const penalty = (breakers: number[]) =>
    -run({ dryMultiplier: 1, dryBase: 2 }, [0, 0, 0, 0], text, { drySequenceBreakerIds: new Set(breakers) })[0]!;
  expect([penalty([]), penalty([3]), penalty([1])]).toEqual([2, 1, -0]);
});

test('Bad words that are stop tokens are left out', () => {
  expect(run({ badWordsIds: [[2], [1]] }, [1, 2, 3], [])).toEqual([1, REMOVED, 3]);
});

test('Penalties are multiplied first and subtracted then, before temperature', () => {
  // (8 / 2 − 1) / 0.5, shifted so that the highest of [4, 3] / 0.5 is 0.
  expect(run({ repetitionPenalty: 2, frequencyPenalty: 1, temperature: 0.5 }, [4, 8], [1])).toEqual([0, -2]);
});

test('Top-k comes before top-p, which sees only what top-k kept', () => {
  // Of all, 0.4 + 0.3 is needed for 0.6; of the first two renormalized, 4/7 = 0.57 is not enough and 0.5 is.
  const logits = [0.4, 0.3, 0.2, 0.1].map(Math.log);
  const kept = (topP: number) => run({ topK: 2, topP }, logits, []).filter((logit) => logit !== REMOVED);
  expect(kept(0.5)).toHaveLength(1);
  expect(kept(0.6)).toHaveLength(2);
  expect(run({ topP: 0.5 }, logits, []).filter((logit) => logit !== REMOVED)).toHaveLength(2);
});

test('Temperature comes before top-p, which sees the flatter distribution', () => {
  const logits = [0.7, 0.2, 0.1].map(Math.log);
  const numKept = (temperature: number) =>
    run({ temperature, topP: 0.6 }, logits, []).filter((logit) => logit !== REMOVED).length;
  expect(numKept(1)).toBe(1);
  expect(numKept(10)).toBe(2);
});
