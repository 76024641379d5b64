import { expect, test } from 'vitest';
import { applyProcessor } from '../../test/apply-processor.ts';
import { allowedTokens } from './allowed-tokens.ts';
import { badWords } from './bad-words.ts';
import { beginSuppressTokens } from './begin-suppress-tokens.ts';
import { encoderNoRepeatNgram } from './encoder-no-repeat-ngram.ts';
import { encoderRepetitionPenalty } from './encoder-repetition-penalty.ts';
import { epsilonCutoff } from './epsilon-cutoff.ts';
import { etaCutoff } from './eta-cutoff.ts';
import { exponentialDecayLength } from './exponential-decay-length.ts';
import { forcedBos } from './forced-bos.ts';
import { forcedEos } from './forced-eos.ts';
import { hammingDiversity } from './hamming-diversity.ts';
import { logitBias } from './logit-bias.ts';
import { noRepeatNgram } from './no-repeat-ngram.ts';
import { prefixAllowedTokens } from './prefix-allowed-tokens.ts';
import { sequenceBias } from './sequence-bias.ts';
import { suppressTokens } from './suppress-tokens.ts';
import { typical } from './typical.ts';

const STRING = 'abc' as unknown as readonly number[];

test.each<[string, () => unknown]>([
  ['Cannot keep typical tokens: p is 0, but it must be above 0 and at most 1', () => typical(0)],
  ['Cannot keep typical tokens: p is NaN, but it must be above 0 and at most 1', () => typical(Number.NaN)],
  ['Cannot cut off unlikely tokens: epsilon is 1, but it must be from 0 to below 1', () => epsilonCutoff(1)],
  ["Cannot cut off unlikely tokens: eta's epsilon is -1, but it must be from 0 to below 1", () => etaCutoff(-1)],
  [
    "Cannot encourage the prompt's tokens: the penalty is 0, but it must be finite and above 0",
    () => encoderRepetitionPenalty(0),
  ],
  ['Cannot keep n-grams from repeating: the size is 0, but it must be a whole number above 0', () => noRepeatNgram(0)],
  [
    'Cannot keep n-grams of the prompt from repeating: the size is 1.5, but it must be a whole number above 0',
    () => encoderNoRepeatNgram(1.5),
  ],
  ['Cannot bias a sequence: it is empty, but it must have a token', () => sequenceBias([{ tokenIds: [], bias: 1 }])],
  ['Cannot bias a sequence: it is empty, but it must have a token', () => badWords([[]])],
  [
    'Cannot bias a sequence: the bias is Infinity, but it must be finite or -Infinity',
    () => sequenceBias([{ tokenIds: [1], bias: Number.POSITIVE_INFINITY }]),
  ],
  [
    'Cannot bias a sequence: got the token id -1, but it must be a whole number from 0',
    () => sequenceBias([{ tokenIds: [1, -1], bias: 1 }]),
  ],
  [
    'Cannot bias tokens: the bias of token 3 is 101, but it must be from -100 to 100',
    () => logitBias(new Map([[3, 101]])),
  ],
  [
    'Cannot bias tokens: got the token id 0.5, but it must be a whole number from 0',
    () => logitBias(new Map([[0.5, 1]])),
  ],
  ['Cannot allow only some tokens: the list is empty, but it must have one', () => allowedTokens([])],
  [
    'Cannot suppress tokens: got the token id NaN, but it must be a whole number from 0',
    () => suppressTokens([Number.NaN]),
  ],
  [
    'Cannot suppress tokens: got the token id -2, but it must be a whole number from 0',
    () => beginSuppressTokens([-2]),
  ],
  ['Cannot force the first token: got the token id -2, but it must be a whole number from 0', () => forcedBos(-2)],
  ['Cannot force the last token: the list of tokens is empty', () => forcedEos({ tokenIds: [], atLength: 3 })],
  [
    'Cannot force the last token: the length is 0, but it must be a whole number above 0',
    () => forcedEos({ tokenIds: [1], atLength: 0 }),
  ],
  [
    'Cannot make the stop tokens likelier: the start is -1, but it must be a whole number from 0',
    () => exponentialDecayLength({ start: -1, factor: 2, stopTokenIds: [1] }),
  ],
  [
    'Cannot make the stop tokens likelier: the factor is 0, but it must be finite and above 0',
    () => exponentialDecayLength({ start: 1, factor: 0, stopTokenIds: [1] }),
  ],
  [
    'Cannot diversify beams: the penalty is -1, but it must be finite and at least 0',
    () => hammingDiversity(new Float32Array(2), [1], -1),
  ],
])('%s', (message, make) => {
  expect(make).toThrow(new RangeError(message));
});

test.each<[string, () => unknown]>([
  ['Cannot suppress tokens: got string, but a list of token ids is needed', () => suppressTokens(STRING)],
  ['Cannot allow only some tokens: got string, but a list of token ids is needed', () => allowedTokens(STRING)],
  ['Cannot constrain the next token: got object, but a function is needed', () => prefixAllowedTokens([1] as never)],
])('%s', (message, make) => {
  expect(make).toThrow(new TypeError(message));
});

test.each([
  ['Cannot bias a sequence: got the token id 3, but there are 3 tokens', sequenceBias([{ tokenIds: [3, 1], bias: 1 }])],
  ['Cannot bias a sequence: got the token id 3, but there are 3 tokens', badWords([[3]])],
  ['Cannot bias tokens: got the token id 3, but there are 3 tokens', logitBias(new Map([[3, 1]]))],
  ['Cannot allow only some tokens: got the token id 4, but there are 3 tokens', allowedTokens([0, 4])],
  ['Cannot suppress tokens: got the token id 3, but there are 3 tokens', suppressTokens([3])],
  ['Cannot suppress tokens: got the token id 3, but there are 3 tokens', beginSuppressTokens([3])],
  ['Cannot force the first token: got the token id 3, but there are 3 tokens', forcedBos(3)],
  [
    'Cannot force the last token: got the token id 3, but there are 3 tokens',
    forcedEos({ tokenIds: [3], atLength: 2 }),
  ],
  ['Cannot constrain the next token: got the token id 3, but there are 3 tokens', prefixAllowedTokens(() => [3])],
  [
    'Cannot constrain the next token: no token is allowed at position 1, but one must be',
    prefixAllowedTokens(() => []),
  ],
  [
    'Cannot constrain the next token: got the token id -1, but it must be a whole number from 0',
    prefixAllowedTokens(() => [-1]),
  ],
])('%s', (message, processor) => {
  expect(() => applyProcessor(processor, [1, 2, 3], [0])).toThrow(new RangeError(message));
});

test('A stop token that is not in the vocabulary is rejected once it would count', () => {
  const decay = exponentialDecayLength({ start: 1, factor: 2, stopTokenIds: [3] });
  expect(() => applyProcessor(decay, [1, 2, 3], [0], [0])).not.toThrow();
  expect(() => applyProcessor(decay, [1, 2, 3], [0], [0, 0])).toThrow(
    new RangeError('Cannot make the stop tokens likelier: got the token id 3, but there are 3 tokens'),
  );
});
