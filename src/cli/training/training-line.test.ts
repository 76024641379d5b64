import { expect, test } from 'vitest';
import type { TrainingStepEvent } from '../../training/training-events.ts';
import { evaluationLine, formatDuration, stepParts } from './training-line.ts';

test.each([
  [0, '0:00'],
  [5.4, '0:05'],
  [59.6, '1:00'],
  [3599.7, '1:00:00'],
  [7425, '2:03:45'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test('a step and an evaluation in words', () => {
  const event: TrainingStepEvent = {
    ...{ kind: 'step', step: 20, maxSteps: 2000, loss: 2.34567, learningRate: 5.5e-4, gradientNorm: 1.234 },
    ...{ numTokens: 768, totalTokens: 15360, epoch: undefined, tokensPerSecond: 12345.6, secondsLeft: 83 },
  };
  expect(stepParts(event).join('  ')).toBe(
    'step    20/2,000  loss 2.3457  1:23 left  12,346 tokens/s  lr 5.50e-4  norm 1.23',
  );
  expect(stepParts({ ...event, tokensPerSecond: 7.25 })[3]).toBe('7.25 tokens/s');
  const evaluation = { kind: 'evaluation', step: 1000, loss: 1.5, perplexity: 4.4817, numTokens: 9 } as const;
  expect(evaluationLine({ ...evaluation, bitsPerByte: 2.164, isBest: true })).toBe(
    'step 1,000  validation loss 1.5000  perplexity 4.48  2.164 bits/byte  best so far',
  );
  expect(evaluationLine({ ...evaluation, bitsPerByte: undefined, isBest: false })).toBe(
    'step 1,000  validation loss 1.5000  perplexity 4.48',
  );
});
