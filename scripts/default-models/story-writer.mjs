import { PLOTS } from './story-plots.mjs';
import { choose, writeNode } from './story-template.mjs';

/**
 * @typedef {object} Story
 * @property {string} text
 * @property {number} bits −log2 of the probability of the choices that made the story. Where other choices make the same text
 *   its probability is higher, so this is an upper bound of −log2 P(text); `checkStory` gives the exact figure.
 * @property {string} plot
 * @property {import('./story-template.mjs').Bindings} bindings who and what the story is about
 * @property {readonly import('./story-template.mjs').Mention[]} mentions where the text says so
 */

/**
 * Writes a story; the same random numbers write the same one.
 * @param {() => number} random in [0, 1)
 * @returns {Story}
 */
export function writeStory(random) {
  const draft = { random, slots: {}, bindings: {}, text: '', bits: 0, mentions: [] };
  const plot = choose(PLOTS, draft);
  draft.slots = plot.slots;
  for (const beat of plot.beats) writeNode(beat, draft);
  const { text, bits, bindings, mentions } = draft;
  return { text, bits, plot: plot.name, bindings, mentions };
}
