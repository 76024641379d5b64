import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from './float16.ts';

const ALL_BITS = Array.from({ length: 0x10000 }, (_, bits) => bits);

describe.each([
  {
    name: 'float16',
    toNumber: float16ToNumber,
    fromNumber: numberToFloat16,
    ...{ isNaN: (bits: number) => (bits & 0x7fff) > 0x7c00, infinity: 0x7c00 },
  },
  {
    name: 'bfloat16',
    toNumber: bfloat16ToNumber,
    fromNumber: numberToBfloat16,
    ...{ isNaN: (bits: number) => (bits & 0x7fff) > 0x7f80, infinity: 0x7f80 },
  },
])('$name', ({ toNumber, fromNumber, isNaN: isNaNBits, infinity }) => {
  test('every bit pattern comes back', () => {
    const lost = ALL_BITS.filter((bits) => !isNaNBits(bits) && fromNumber(toNumber(bits)) !== bits);
    expect(lost).toEqual([]);
  });

  test('every NaN stays a NaN, and nothing else is one', () => {
    const wrong = ALL_BITS.filter((bits) => {
      const number = toNumber(bits);
      return Number.isNaN(number) !== isNaNBits(bits) || isNaNBits(fromNumber(number)) !== isNaNBits(bits);
    });
    expect(wrong).toEqual([]);
  });

  test('numbers grow with their bits', () => {
    const values = ALL_BITS.slice(0, infinity + 1).map(toNumber);
    expect(values.every((value, i) => i === 0 || value > values[i - 1]!)).toBe(true);
    expect([values[0], values.at(-1)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  test('rounds to the nearest, ties to even, between all neighbours', () => {
    const wrong = ALL_BITS.slice(0, infinity - 1).filter((bits) => {
      const [low, high] = [toNumber(bits), toNumber(bits + 1)];
      const middle = (low + high) / 2; // exact in float32
      const even = bits % 2 === 0 ? bits : bits + 1;
      return (
        fromNumber(middle) !== even ||
        fromNumber(nextFloat32(middle, -1)) !== bits ||
        fromNumber(nextFloat32(middle, 1)) !== bits + 1 ||
        fromNumber(-middle) !== (even | 0x8000)
      );
    });
    expect(wrong).toEqual([]);
  });

  test('no other number is nearer', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bits = fromNumber(value);
        const magnitude = bits & 0x7fff;
        if (magnitude === infinity) return;
        const error = Math.abs(toNumber(bits) - value);
        for (const neighbour of [bits - 1, bits + 1]) {
          if ((neighbour & 0x7fff) >= infinity || (neighbour & 0x8000) !== (bits & 0x8000)) continue;
          expect(Math.abs(toNumber(neighbour) - value)).toBeGreaterThanOrEqual(error);
        }
      }),
    );
  });
});

/** The float32 just above (1) or below (−1) a positive float32. */
function nextFloat32(value: number, direction: 1 | -1): number {
  const float32 = new Float32Array([value]);
  new Uint32Array(float32.buffer)[0]! += direction;
  return float32[0]!;
}

test('float16 overflows from 65520 on', () => {
  expect(numberToFloat16(65504)).toBe(0x7bff);
  expect(numberToFloat16(65519.99)).toBe(0x7bff);
  expect(numberToFloat16(65520)).toBe(0x7c00);
  expect(numberToFloat16(-1e30)).toBe(0xfc00);
});

test('bfloat16 overflows past its largest number', () => {
  expect(numberToBfloat16(3.3895314e38)).toBe(0x7f7f);
  expect(numberToBfloat16(3.4028235e38)).toBe(0x7f80);
});

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3c00, 1],
  [0x3555, 0.333251953125],
  [0xc000, -2],
  [0x7bff, 65504],
  [0xfc00, Number.NEGATIVE_INFINITY],
])('float16 %i is %d', (bits, value) => {
  expect(float16ToNumber(bits)).toBe(value);
});

test.each([
  [0x3f80, 1],
  [0xbf80, -1],
  [0x4049, 3.140625],
  [0x0001, 2 ** -133],
  [0x8000, -0],
  [0x7f80, Number.POSITIVE_INFINITY],
])('bfloat16 %i is %d', (bits, value) => {
  expect(bfloat16ToNumber(bits)).toBe(value);
});
