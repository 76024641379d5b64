/**
 * Random numbers in [0, 1) for story `index` of `seed`: the same two always give the same numbers, whatever else is drawn.
 * The generator is sfc32 (Doty-Humphrey, PractRand), seeded with its first 16 numbers thrown away.
 * @returns {() => number}
 */
export function storyRandom(/** @type {number} */ seed, /** @type {number} */ index) {
  let [a, b, c, counter] = [index | 0, seed | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const next = () => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  return () => next() / 2 ** 32;
}
