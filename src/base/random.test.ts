import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { philox, philox4x32, uniform } from './random.ts';

describe('philox4x32', () => {
  // The known-answer vectors of philox4x32-10 that come with Random123 (Salmon et al. 2011).
  test.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      wanted: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      wanted: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      wanted: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)('counter $counter, key $key', ({ counter, key, wanted }) => {
    expect(philox4x32(counter, key)).toEqual(wanted);
  });
});

describe('philox', () => {
  test('seed and position are split into words, low word first', () => {
    const [seed, position] = [0x15_2345_6789, 0x1_8000_0003];
    const wanted = philox4x32([0x8000_0003, 1, 7, 0], [0x2345_6789, 0x15]);
    expect(philox(seed, position, 7)).toEqual(wanted);
  });

  test('neighbouring seeds, positions and lanes have nothing in common', () => {
    const draws = [
      philox(1, 1),
      philox(2, 1),
      philox(1, 2),
      philox(1, 1, 1),
      philox(1 + 2 ** 32, 1),
      philox(1, 1 + 2 ** 32),
    ];
    expect(new Set(draws.flat()).size).toBe(24);
  });
});

describe('uniform', () => {
  test('lies in [0, 1) for every seed, position and lane', () => {
    const integer = fc.maxSafeNat();
    fc.assert(
      fc.property(integer, integer, fc.nat(), (seed, position, lane) => {
        const number = uniform(seed, position, lane);
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThan(1);
        expect(uniform(seed, position, lane)).toBe(number);
      }),
    );
  });

  test('is made of the first 53 bits', () => {
    expect(uniform(0, 0)).toBe(((0x6627e8d5 >>> 5) * 2 ** 26 + (0xe169c58d >>> 6)) / 2 ** 53);
  });

  test('fills [0, 1) evenly', () => {
    const counts = new Array<number>(10).fill(0);
    for (let position = 0; position < 10_000; position++) counts[Math.floor(uniform(42, position) * 10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150); // five standard deviations
  });
});
