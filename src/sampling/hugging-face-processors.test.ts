import { describe, expect, test } from 'vitest';
import { readGoldenJson } from '../../test/goldens.ts';
import { badWords } from './bad-words.ts';
import { beginSuppressTokens } from './begin-suppress-tokens.ts';
import { encoderNoRepeatNgram } from './encoder-no-repeat-ngram.ts';
import { encoderRepetitionPenalty } from './encoder-repetition-penalty.ts';
import { epsilonCutoff } from './epsilon-cutoff.ts';
import { etaCutoff } from './eta-cutoff.ts';
import { exponentialDecayLength } from './exponential-decay-length.ts';
import { forcedBos } from './forced-bos.ts';
import { forcedEos } from './forced-eos.ts';
import { guide } from './guidance.ts';
import { hammingDiversity } from './hamming-diversity.ts';
import { removeInvalidValues } from './invalid-values.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { noRepeatNgram } from './no-repeat-ngram.ts';
import { prefixAllowedTokens } from './prefix-allowed-tokens.ts';
import { renormalize } from './renormalize.ts';
import { sequenceBias } from './sequence-bias.ts';
import { suppressTokens } from './suppress-tokens.ts';
import { typical } from './typical.ts';

interface Golden {
  readonly name: string;
  readonly processor: keyof typeof PROCESSORS;
  // biome-ignore lint/suspicious/noExplicitAny: each processor has its own
  readonly argument: any;
  readonly row: string;
  readonly promptIds: readonly number[];
  readonly generatedIds: readonly number[];
  readonly processed: readonly JsonLogit[];
}

/** null: −∞; what else is not finite is a string. */
type JsonLogit = number | string | null;

interface Goldens {
  readonly vocabSize: number;
  readonly stopTokenIds: readonly number[];
  readonly rows: readonly { readonly name: string; readonly logits: readonly JsonLogit[] }[];
  readonly cases: readonly Golden[];
}

const { vocabSize, stopTokenIds, rows, cases } = readGoldenJson<Goldens>('processors.json');
const LOWEST_FLOAT32 = -(2 - 2 ** -23) * 2 ** 127;

const PROCESSORS = {
  typical,
  epsilonCutoff,
  etaCutoff,
  encoderRepetitionPenalty,
  noRepeatNgram,
  encoderNoRepeatNgram,
  sequenceBias: (pairs: readonly [number[], number][]) =>
    sequenceBias(pairs.map(([tokenIds, bias]) => ({ tokenIds, bias }))),
  badWords: (words: readonly number[][]) => badWords(words, stopTokenIds),
  suppressTokens,
  beginSuppressTokens: (tokenIds: readonly number[]) => beginSuppressTokens(tokenIds),
  forcedBos,
  forcedEos,
  exponentialDecayLength: (decay: { start: number; factor: number }) =>
    exponentialDecayLength({ ...decay, stopTokenIds }),
  prefixAllowedTokens: (tokenIds: readonly number[]) => prefixAllowedTokens(() => tokenIds),
  guidance: (scale: number) => (logits: Float32Array) => guide(logits, rowOf('unconditional'), scale),
  hammingDiversity: (group: { chosen: readonly number[]; penalty: number }) => (logits: Float32Array) =>
    hammingDiversity(logits, group.chosen, group.penalty),
  removeInvalidValues: () => removeInvalidValues,
  renormalize: () => renormalize,
};

function rowOf(name: string): Float32Array {
  return Float32Array.from(rows.find((row) => row.name === name)!.logits, numberOf);
}

function numberOf(logit: JsonLogit): number {
  return logit === null ? Number.NEGATIVE_INFINITY : logit === 'inf' ? Number.POSITIVE_INFINITY : Number(logit);
}

function process({ processor, argument, row, promptIds, generatedIds }: Golden): Float32Array {
  const logits = rowOf(row);
  const tokenIds = [...promptIds, ...generatedIds];
  const step: LogitsProcessor = PROCESSORS[processor](argument);
  step(logits, { promptIds, generatedIds, tokenIds, position: tokenIds.length });
  return logits;
}

/** −∞ means removed to us, so that it stays where Hugging Face makes it finite. */
function expectedOf({ processor, processed }: Golden): readonly number[] {
  const numbers = processed.map(numberOf);
  if (processor !== 'removeInvalidValues') return numbers;
  return numbers.map((logit) => (Math.fround(logit) === LOWEST_FLOAT32 ? Number.NEGATIVE_INFINITY : logit));
}

describe('rows of logits as Hugging Face Transformers processes them', () => {
  test('every processor has cases', () => {
    expect(new Set(cases.map(({ processor }) => processor))).toEqual(new Set(Object.keys(PROCESSORS)));
  });

  test.each(cases)('$processor: $name', (golden) => {
    const logits = process(golden);
    const expected = expectedOf(golden);
    expect(logits).toHaveLength(vocabSize);
    for (const [id, logit] of logits.entries()) {
      if (Number.isFinite(expected[id])) {
        const error = Math.abs(logit - expected[id]!) / Math.max(1, Math.abs(expected[id]!));
        expect(error, `token ${id}: ${logit}, but ${expected[id]} is right`).toBeLessThan(1e-5);
      } else {
        expect(logit, `token ${id}`).toBe(expected[id]);
      }
    }
  });
});
