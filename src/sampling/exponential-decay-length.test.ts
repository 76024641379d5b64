import { expect, test } from 'vitest';
import { applyProcessor } from '../../test/apply-processor.ts';
import { exponentialDecayLength } from './exponential-decay-length.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

test('exponentialDecayLength raises stop tokens more with every token after the start', () => {
  const decay = exponentialDecayLength({ start: 1, factor: 2, stopTokenIds: [0, 2] });
  expect(applyProcessor(decay, [3, 3, -3], [9, 9, 9], [1])).toEqual([3, 3, -3]);
  expect(applyProcessor(decay, [3, 3, -3], [9, 9, 9], [1, 1])).toEqual([6, 3, 0]);
  expect(applyProcessor(decay, [3, 3, -3], [9, 9, 9], [1, 1, 1])).toEqual([12, 3, 6]);
});

test('exponentialDecayLength stays finite however long the text is, and brings nothing back', () => {
  const decay = exponentialDecayLength({ start: 0, factor: 2, stopTokenIds: [0, 1, 2, 3] });
  const largest = (2 - 2 ** -23) * 2 ** 127;
  expect(applyProcessor(decay, [1, 0, -1, REMOVED], [], Array(5000).fill(4))).toEqual([largest, 0, largest, REMOVED]);
});
