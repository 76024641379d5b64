import { expect, test } from 'vitest';
import { didYouMean } from './suggest.ts';

const KNOWN = ['temperature', 'topK', 'topP', 'maxNewTokens', 'repetitionPenalty'];

test.each([
  ['temprature', 'temperature'],
  ['TEMPERATURE', 'temperature'],
  ['topk', 'topK'],
  ['maxTokens', 'maxNewTokens'],
  ['repetition_penalty', 'repetitionPenalty'],
])('%s suggests %s', (name, wanted) => {
  expect(didYouMean(name, KNOWN)).toBe(`, did you mean "${wanted}"?`);
});

test('nothing is suggested when nothing is near', () => {
  expect(didYouMean('device', KNOWN)).toBe('');
  expect(didYouMean('x', [])).toBe('');
});
