type Words = [number, number, number, number];

/**
 * Draw number `position` of stream `seed`: 128 random bits that are a pure function of the two (and of `lane`, for several
 * draws at one position), so they depend neither on what else was drawn nor on the order of drawing.
 */
export function philox(seed: number, position: number, lane = 0): Words {
  return philox4x32([...wordsOf(position), lane >>> 0, 0], wordsOf(seed));
}

/** Philox4x32-10 (Salmon et al. 2011): encrypts a counter of four 32-bit words under a key of two. */
export function philox4x32(counter: Readonly<Words>, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [key0, key1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiplyHighLow(0xd2511f53, a);
    const [high1, low1] = multiplyHighLow(0xcd9e8d57, c);
    [a, b, c, d] = [(high1 ^ b ^ key0) >>> 0, low1, (high0 ^ d ^ key1) >>> 0, low0];
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** A number in [0, 1) with 53 random bits: draw `position` of stream `seed`. */
export function uniform(seed: number, position: number, lane = 0): number {
  const [high, low] = philox(seed, position, lane);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** The low and the high 32 bits of an integer below 2^53. */
function wordsOf(integer: number): [number, number] {
  return [integer >>> 0, Math.floor(integer / 2 ** 32) >>> 0];
}

/** The 64-bit product of two unsigned 32-bit numbers, as its high and low words; by halves, so that no step is inexact. */
function multiplyHighLow(a: number, b: number): [number, number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const low = aLow * bLow;
  // Sums below reach 2^33: division, since a shift would cut them.
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle % 0x10000);
  const high = aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}
