import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStringFilter } from './stop-string-filter.ts';

/** Pieces passed on, the end included. */
function filterAll(stopStrings: readonly string[], pieces: readonly string[]): string[] {
  const filter = new StopStringFilter(stopStrings);
  const passed = pieces.map((piece) => filter.push(piece));
  return [...passed, filter.flush()];
}

test('Text passes through at once when there is nothing to stop at', () => {
  expect(filterAll([], ['ab', 'c'])).toEqual(['ab', 'c', '']);
});

test('Text ends before a stop string split over pieces', () => {
  expect(filterAll(['STOP'], ['one S', 'TO', 'P two', ' three'])).toEqual(['one ', '', '', '', '']);
});

test('Text that turned out not to be a stop string is passed on', () => {
  expect(filterAll(['STOP'], ['S', 'TO', 'RE'])).toEqual(['', '', 'STORE', '']);
  expect(filterAll(['aab'], ['aa', 'a', 'c'])).toEqual(['', 'a', 'aac', '']);
});

test('Text held back at the end comes with the flush', () => {
  expect(filterAll(['\n\n'], ['line\n'])).toEqual(['line', '\n']);
});

test('The stop string that is complete first wins, then the longest', () => {
  expect(filterAll(['abcd', 'bc'], ['xabcd']).join('')).toBe('xa');
  expect(filterAll(['bc', 'abc'], ['xabcd']).join('')).toBe('x');
});

test('An empty stop string is rejected', () => {
  expect(() => new StopStringFilter(['a', ''])).toThrow(new RangeError('Cannot look for stop strings: one is empty'));
});

test('Any cut into pieces gives what indexOf gives on the whole text', () => {
  const text = fc.array(fc.constantFrom('a', 'b', '🦜'), { maxLength: 30 }).map((characters) => characters.join(''));
  const stops = fc.array(
    fc.array(fc.constantFrom('a', 'b', '🦜'), { minLength: 1, maxLength: 5 }).map((characters) => characters.join('')),
    { maxLength: 3 },
  );
  const cuts = fc.array(fc.nat(40), { maxLength: 12 });
  fc.assert(
    fc.property(text, stops, cuts, (whole, stopStrings, at) => {
      const edges = [0, ...at.map((edge) => Math.min(edge, whole.length)).sort((a, b) => a - b), whole.length];
      const pieces = edges.slice(1).map((edge, i) => whole.slice(edges[i], edge));
      expect(filterAll(stopStrings, pieces).join('')).toBe(naive(stopStrings, whole));
    }),
    { numRuns: 500 },
  );
});

function naive(stopStrings: readonly string[], text: string): string {
  const found = stopStrings
    .map((stop) => ({ start: text.indexOf(stop), length: stop.length }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
  return text.slice(0, found[0]?.start ?? text.length);
}

test('Nothing is held back that cannot begin a stop string', () => {
  const filter = new StopStringFilter(['abc']);
  expect(filter.push('xxab')).toBe('xx');
  expect(filter.push('x')).toBe('abx');
});
