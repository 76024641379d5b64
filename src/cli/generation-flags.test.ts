import { Command } from 'commander';
import { expect, test } from 'vitest';
import { optionNamed } from '../config/generation-option-names.ts';
import { parseGenerationOptions } from '../config/generation-options.ts';
import { NEUTRAL_OPTIONS } from '../config/neutral-options.ts';
import { PROCESSOR_ORDER } from '../sampling/processor-order.ts';
import { addFlagGroups, optionOf } from './flags.ts';
import { ALL_GENERATION_GROUPS, GENERATION_GROUPS, readGenerationInput } from './generation-flags.ts';
import { SEED } from './model-flags.ts';

/** The generation options of a command line, as the library reads them. */
function read(...argv: readonly string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addFlagGroups(command, ALL_GENERATION_GROUPS);
  command.parse([...argv], { from: 'user' });
  return parseGenerationOptions(readGenerationInput(command.opts()));
}

test.each([
  [['--max-time', '2.5'], { maxTime: 2.5 }],
  [
    ['--num-beams', '4', '--num-beam-groups', '2', '--diversity-penalty', '0.5', '--length-penalty', '-1'],
    { numBeams: 4, numBeamGroups: 2, diversityPenalty: 0.5, lengthPenalty: -1 },
  ],
  [['--num-beams', '4', '--early-stopping'], { earlyStopping: true }],
  [['--num-beams', '4', '--early-stopping', 'never'], { earlyStopping: 'never' }],
  [['--num-beams', '4', '--n', '3'], { numReturnSequences: 3 }],
  [['--num-beams', '4', '--num-return-sequences', '3'], { numReturnSequences: 3 }],
  [['--best-of', '3', '-t', '1'], { bestOf: 3 }],
  [['--penalty-alpha', '0.6', '--top-k', '4'], { penaltyAlpha: 0.6, topK: 4, temperature: 0 }],
  [['--typical-p', '0.9'], { typicalP: 0.9, temperature: 1 }],
  [['--typical', '0.9'], { typicalP: 0.9 }],
  [['--epsilon-cutoff', '0.01'], { epsilonCutoff: 0.01 }],
  [['--eta-cutoff', '0.01'], { etaCutoff: 0.01 }],
  [['--top-n-sigma', '1.5'], { topNSigma: 1.5 }],
  [['--xtc-probability', '0.5', '--xtc-threshold', '0.2'], { xtcProbability: 0.5, xtcThreshold: 0.2 }],
  [
    ['--mirostat', '2', '--mirostat-tau', '4', '--mirostat-eta', '0.2'],
    { mirostat: 2, mirostatTau: 4, mirostatEta: 0.2 },
  ],
  [['--dynatemp-range', '0.5', '--dynatemp-exponent', '2'], { dynatempRange: 0.5, dynatempExponent: 2 }],
  [
    [
      ...['--dry-multiplier', '0.8', '--dry-base', '2', '--dry-allowed-length', '3', '--dry-penalty-last-n', '64'],
      ...['--dry-sequence-breakers', '\n', '--dry-sequence-breakers', '.'],
    ],
    {
      ...{ dryMultiplier: 0.8, dryBase: 2, dryAllowedLength: 3, dryPenaltyLastN: 64 },
      drySequenceBreakers: ['\n', '.'],
    },
  ],
  [['--encoder-repetition-penalty', '1.2'], { encoderRepetitionPenalty: 1.2 }],
  [['--no-repeat-ngram-size', '3'], { noRepeatNgramSize: 3 }],
  [['--encoder-no-repeat-ngram-size', '3'], { encoderNoRepeatNgramSize: 3 }],
  [['--bad-words', 'a b', '--bad-words', 'c'], { badWords: ['a b', 'c'] }],
  [['--bad-words-ids', '1,2', '--bad-words-ids', '3'], { badWordsIds: [[1, 2], [3]] }],
  [
    ['--logit-bias', '7=-100', '--logit-bias', '8=1.5,9=2'],
    {
      logitBias: new Map([
        [7, -100],
        [8, 1.5],
        [9, 2],
      ]),
    },
  ],
  [
    ['--sequence-bias', '1,2=0.5', '--sequence-bias', '3=-1'],
    {
      sequenceBias: [
        { tokenIds: [1, 2], bias: 0.5 },
        { tokenIds: [3], bias: -1 },
      ],
    },
  ],
  [['--allowed-token-ids', '4,5'], { allowedTokenIds: [4, 5] }],
  [['--suppress-tokens', '4,5'], { suppressTokens: [4, 5] }],
  [['--begin-suppress-tokens', '4'], { beginSuppressTokens: [4] }],
  [['--forced-bos-token-id', '4'], { forcedBosTokenId: 4 }],
  [['--decoder-start-token-id', '4'], { decoderStartTokenId: 4 }],
  [['--forced-eos-token-id', '4,5'], { forcedEosTokenId: [4, 5] }],
  [['--exponential-decay-length-penalty', '20,1.05'], { exponentialDecayLengthPenalty: { start: 20, factor: 1.05 } }],
  [['--guidance-scale', '1.5', '--negative-prompt', 'x'], { guidanceScale: 1.5, negativePrompt: 'x' }],
  [['--guidance-scale', '1.5', '--negative-prompt-ids', '1,1'], { negativePromptIds: [1, 1] }],
  [['--watermark'], { watermark: expect.objectContaining({ bias: 2, seedingScheme: 'lefthash' }) }],
  [
    ['--watermark', 'bias=3,seedingScheme=selfhash'],
    { watermark: expect.objectContaining({ bias: 3, seedingScheme: 'selfhash' }) },
  ],
  [['--watermark', '{"context_width": 2}'], { watermark: expect.objectContaining({ contextWidth: 2 }) }],
  [['--remove-invalid-values', '--renormalize-logits'], { removeInvalidValues: true, renormalizeLogits: true }],
  [['--processor-order', [...PROCESSOR_ORDER].reverse().join()], { processorOrder: [...PROCESSOR_ORDER].reverse() }],
  [['--prompt-lookup'], { promptLookupNumTokens: 10, adaptDraftLength: true }],
  [['--prompt-lookup', '4', '--max-matching-ngram-size', '3'], { promptLookupNumTokens: 4, maxMatchingNgramSize: 3 }],
  [['--draft-model', 'x', '--num-draft-tokens', '3'], { numDraftTokens: 3 }],
  [['--draft-model', 'x', '--num-assistant-tokens', '3'], { numDraftTokens: 3 }],
  [
    ['--draft-model', 'x', '--draft-acceptance', 'rejection', '--no-adapt-draft-length'],
    { draftAcceptance: 'rejection', adaptDraftLength: false },
  ],
])('%j are the options %j', (argv, options) => {
  expect(read(...argv)).toMatchObject(options);
});

test('Without flags nothing is asked for', () => {
  expect(read()).toEqual(NEUTRAL_OPTIONS);
});

test('Every generation option of the library has a flag', () => {
  const flags = [...ALL_GENERATION_GROUPS.flatMap(([, table]) => table), SEED];
  const named = new Set(flags.map((flag) => optionNamed(optionOf(flag))));
  expect(Object.keys(NEUTRAL_OPTIONS).filter((name) => !named.has(name as keyof object))).toEqual([]);
});

test('A command that gives one text has all of them but the number of texts', () => {
  const names = (groups: typeof GENERATION_GROUPS) => groups.flatMap(([, table]) => table.map(optionOf));
  const missing = names(ALL_GENERATION_GROUPS).filter((name) => !names(GENERATION_GROUPS).includes(name));
  expect(missing).toEqual(['numReturnSequences', 'n']);
});
