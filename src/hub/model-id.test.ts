import { expect, test } from 'vitest';
import { parseModelId } from './model-id.ts';

test.each([
  ['gpt2', undefined, { name: 'gpt2', revision: 'main' }],
  ['org/name-1.5_b', undefined, { name: 'org/name-1.5_b', revision: 'main' }],
  ['org/name@v1', undefined, { name: 'org/name', revision: 'v1' }],
  ['org/name', 'refs/pr/3', { name: 'org/name', revision: 'refs/pr/3' }],
  ['org/name@v1', 'v1', { name: 'org/name', revision: 'v1' }],
])('%s with revision %s', (text, revision, id) => {
  expect(parseModelId(text, revision)).toEqual(id);
});

test.each(['', '.', './x', '/x', 'a/b/c', 'a\\b', 'C:x', '~/x', 'org/', '/name', 'a/..', 'org/na--me', 'x y'])(
  '%j is a path',
  (text) => {
    expect(parseModelId(text, undefined)).toBeUndefined();
  },
);

test.each(['', '..', '../x', 'a/../b', 'a//b', '/a', 'a b'])('%j is no revision', (revision) => {
  expect(() => parseModelId('org/name', revision)).toThrow('wanted a branch, a tag or a commit');
});
