import { expect, test } from 'vitest';
import { composeProcessors, type ProcessorOptions } from './compose-processors.ts';
import type { SequenceView } from './sequence-view.ts';

const NEUTRAL: ProcessorOptions = {
  minNewTokens: 0,
  stopTokenIds: [2],
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
};

const NOTHING = { processors: [], filters: [], isShortlisted: false };

test('Neutral options compose nothing', () => {
  expect(composeProcessors(NEUTRAL)).toEqual(NOTHING);
});

test.each([
  ['minNewTokens', 1],
  ['repetitionPenalty', 1.1],
  ['frequencyPenalty', 0.1],
  ['presencePenalty', -0.1],
  ['temperature', 0.9],
  ['topK', 5],
  ['topP', 0.9],
  ['minP', 0.1],
] as const)('%s composes one processor', (name, value) => {
  const { processors, filters } = composeProcessors({ ...NEUTRAL, [name]: value });
  expect([...processors, ...filters]).toHaveLength(1);
});

test('A greedy choice needs no filters', () => {
  expect(composeProcessors({ ...NEUTRAL, temperature: 0, topK: 5, topP: 0.9, minP: 0.1 })).toEqual(NOTHING);
});

test('A minimum length without stop tokens needs no processor', () => {
  expect(composeProcessors({ ...NEUTRAL, minNewTokens: 5, stopTokenIds: [] })).toEqual(NOTHING);
});

function run(options: Partial<ProcessorOptions>, logits: readonly number[], generatedIds: readonly number[]): number[] {
  const sequence: SequenceView = { promptIds: [], generatedIds, tokenIds: generatedIds, position: generatedIds.length };
  const row = Float32Array.from(logits);
  const { processors, filters } = composeProcessors({ ...NEUTRAL, ...options });
  for (const process of [...processors, ...filters]) process(row, sequence);
  return [...row];
}

test('Penalties are multiplied first and subtracted then, before temperature', () => {
  // (8 / 2 − 1) / 0.5, shifted so that the highest of [4, 3] / 0.5 is 0.
  expect(run({ repetitionPenalty: 2, frequencyPenalty: 1, temperature: 0.5 }, [4, 8], [1])).toEqual([0, -2]);
});

test('Top-k comes before top-p, which sees only what top-k kept', () => {
  // Of all, 0.4 + 0.3 is needed for 0.6; of the first two renormalized, 4/7 = 0.57 is not enough and 0.5 is.
  const logits = [0.4, 0.3, 0.2, 0.1].map(Math.log);
  const kept = (topP: number) =>
    run({ topK: 2, topP }, logits, []).filter((logit) => logit !== Number.NEGATIVE_INFINITY);
  expect(kept(0.5)).toHaveLength(1);
  expect(kept(0.6)).toHaveLength(2);
  expect(run({ topP: 0.5 }, logits, []).filter((logit) => logit !== Number.NEGATIVE_INFINITY)).toHaveLength(2);
});

test('Temperature comes before top-p, which sees the flatter distribution', () => {
  const logits = [0.7, 0.2, 0.1].map(Math.log);
  const numKept = (temperature: number) =>
    run({ temperature, topP: 0.6 }, logits, []).filter((logit) => logit !== Number.NEGATIVE_INFINITY).length;
  expect(numKept(1)).toBe(1);
  expect(numKept(10)).toBe(2);
});
