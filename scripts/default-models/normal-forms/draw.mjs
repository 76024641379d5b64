/**
 * Choices made with a stream of random numbers in [0, 1).
 * @typedef {object} Draw
 * @property {(count: number) => number} below a whole number from 0 to count − 1
 * @property {(from: number, to: number) => number} between a whole number, both ends counted
 * @property {(share: number) => boolean} chance whether something of such a probability happens
 * @property {<Option>(options: readonly Option[]) => Option} pick one of several, all equally probable
 * @property {<Option>(options: readonly (readonly [weight: number, option: Option])[]) => Option} weigh one of several by weight
 */

/** @param {() => number} random @returns {Draw} */
export function drawFrom(random) {
  const below = (/** @type {number} */ count) => Math.floor(random() * count);
  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    chance: (share) => random() < share,
    pick: (options) => options[below(options.length)],
    weigh(options) {
      let rest = random() * options.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, option] of options) {
        if (rest < weight) return option;
        rest -= weight;
      }
      return options[options.length - 1][1];
    },
  };
}
