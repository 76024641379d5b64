import { expect, test } from 'vitest';
import { erfc } from './erfc.ts';

// From the C library's erfc.
const KNOWN = [
  [0, 1],
  [1e-8, 0.9999999887162083],
  [0.1, 0.8875370839817152],
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [1.9, 0.0072095707647425325],
  [2, 0.004677734981047265],
  [2.1, 0.002979466656332984],
  [3, 2.2090496998585438e-5],
  [5, 1.5374597944280351e-12],
  [10, 2.088487583762545e-45],
  [26, 5.663192408856143e-296],
  [-0.5, 1.5204998778130465],
  [-1, 1.842700792949715],
  [-3, 1.9999779095030015],
] as const;

test.each(KNOWN)('erfc(%d) to 13 digits', (x, wanted) => {
  expect(Math.abs(erfc(x) / wanted - 1)).toBeLessThan(1e-13);
});

test('erfc reaches 0 and 2 far out', () => {
  expect([erfc(40), erfc(1e300), erfc(-40), erfc(-1e300)]).toEqual([0, 0, 2, 2]);
});
