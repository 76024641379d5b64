import { expect, test } from 'vitest';
import { HashModel } from '../../test/hash-model.ts';
import { Sequence } from './sequence.ts';

/** A sequence whose prompt and draft are computed. */
function withDraft(promptIds: readonly number[], tokenIds: readonly number[]) {
  const cache = new HashModel().createCache(4);
  const sequence = Sequence.fromPrompt(cache, promptIds);
  sequence.draft = { tokenIds, distributions: tokenIds.map((id) => Float32Array.of(id)) };
  sequence.cached.append(sequence.numPending);
  return { cache, sequence };
}

test('Pending tokens are the last of its own, then those of the draft', () => {
  const sequence = Sequence.fromPrompt(new HashModel().createCache(4), [1, 2, 3]);
  sequence.draft = { tokenIds: [4, 5] };
  sequence.cached.append(1);
  expect([sequence.numKnown, sequence.numComputed, sequence.numPending]).toEqual([5, 1, 4]);
  expect([1, 2, 3, 4].map((count) => sequence.pendingIds(count))).toEqual([[2], [2, 3], [2, 3, 4], [2, 3, 4, 5]]);
  sequence.cached.append(3);
  expect(sequence.pendingIds(1)).toEqual([5]);
});

test('What is computed of a draft stays as far as its tokens are taken', () => {
  const lengths = [[4], [4, 9], [4, 5, 9], [4, 5, 6, 9]].map((taken) => {
    const { sequence } = withDraft([1, 2, 3], [4, 5, 6]);
    sequence.append(taken);
    expect(sequence.draft).toBeUndefined();
    return [sequence.numComputed, sequence.numPending];
  });
  expect(lengths).toEqual([
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 1],
  ]);
});

test('A fork shares the draft too, and takes of it what it will', () => {
  const { cache, sequence } = withDraft([1, 2, 3], [4, 5, 6]);
  const fork = sequence.fork();
  fork.append([4, 5, 6, 7]);
  sequence.append([4, 8]);
  expect([sequence.numComputed, sequence.pendingIds(1)]).toEqual([4, [8]]);
  expect([fork.numComputed, fork.pendingIds(1)]).toEqual([6, [7]]);
  // The search has seen the hidden states of all that it took and that was computed.
  expect([sequence.numHiddenSeen, fork.numHiddenSeen]).toEqual([4, 6]);
  expect(cache.pool.numFree).toBe(3);
  for (const one of [sequence, fork]) one.release();
  expect(cache.pool.numFree).toBe(4);
});

test('A draft that is shortened keeps the distributions that belong to it', () => {
  const { sequence } = withDraft([1], [4, 5, 6]);
  sequence.shortenDraft(3);
  sequence.shortenDraft(2);
  expect(sequence.draft).toEqual({ tokenIds: [4, 5], distributions: [Float32Array.of(4), Float32Array.of(5)] });
  sequence.shortenDraft(0);
  expect(sequence.draft).toBeUndefined();
});

test('What is released is known still', () => {
  const { cache, sequence } = withDraft([1, 2, 3], [4]);
  sequence.append([5]);
  sequence.release();
  expect(cache.pool.numFree).toBe(4);
  expect(sequence.pendingIds(sequence.numPending)).toEqual([1, 2, 3, 5]);
});
