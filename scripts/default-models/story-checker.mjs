// Reads a story by the templates that write them: beat after beat of a plot, with the same people and things throughout.
import { PLOTS } from './story-plots.mjs';
import { bitsOfBindings, leaves, matchNode } from './story-template.mjs';

/**
 * @typedef {import('./story-plots.mjs').Plot} Plot
 * @typedef {import('./story-template.mjs').Place} Place
 *
 * @typedef {object} StoryReport
 * @property {boolean} isWellFormed every sentence is one of a plot, in its order, from the opening to the closing
 * @property {boolean} isConsistent who, what and where stay the same and causes have their effects, as far as it is well-formed
 * @property {readonly string[]} problems `kind: what is wrong`, the worst one first; empty if nothing is
 * @property {string | undefined} plot the plot that it follows, or follows furthest
 * @property {number | undefined} bits −log2 P(text) under the generator, over all ways to make the text, if nothing is wrong
 */

/** Reading is one of few ways to understand a text; where it contradicts itself there may be many. */
const MAX_PLACES = 64;

/** Whether a text is a story that `writeStory` can write, and what is wrong if it is not. @returns {StoryReport} */
export function checkStory(/** @type {string} */ text) {
  if (typeof text !== 'string') throw new TypeError(`Cannot check story: got ${typeof text}, wanted a string`);
  const story = text.trim();
  const faultless = PLOTS.map((plot) => follow(plot, story, 0)).filter(({ endings }) => endings.length > 0);
  if (faultless.length === 0) return explain(story);
  const bits = -Math.log2(faultless.reduce((sum, reading) => sum + probability(reading), 0));
  return { isWellFormed: true, isConsistent: true, problems: [], plot: faultless[0].plot.name, bits };
}

/**
 * @typedef {object} Reading How far a text follows a plot.
 * @property {Plot} plot
 * @property {readonly Place[]} endings places where plot and text end together
 * @property {number} numBeats how many beats were found
 * @property {Place} last the furthest place at the end of a beat
 * @property {number} furthest the first character that nothing of the plot could explain
 */

/** @returns {Reading} */
function follow(/** @type {Plot} */ plot, /** @type {string} */ text, /** @type {number} */ maxConflicts) {
  const reader = { text, slots: plot.slots, maxConflicts, furthest: 0 };
  /** @type {readonly Place[]} */
  let places = [{ position: 0, bindings: {}, weight: 1, conflicts: [] }];
  let numBeats = 0;
  for (const beat of plot.beats) {
    const following = readBeat(beat, places, reader);
    if (following.length === 0) break;
    places = following;
    numBeats++;
  }
  const last = places.reduce((best, place) => (place.position > best.position ? place : best));
  const isWhole = numBeats === plot.beats.length;
  const endings = isWhole ? places.filter(({ position }) => position === text.length) : [];
  return { plot, endings, numBeats, last, furthest: Math.max(reader.furthest, last.position) };
}

/**
 * The places at the end of a beat, fewest conflicts first. Two ways to the same place are one, with their weights together.
 * @type {(beat: Plot['beats'][number], places: readonly Place[], reader: import('./story-template.mjs').Reader) => Place[]}
 */
function readBeat(beat, places, reader) {
  /** @type {Map<string, Place>} */
  const found = new Map();
  for (const place of places) {
    matchNode(beat, place, reader, (after) => {
      const key = placeKey(after, reader.slots);
      const other = found.get(key);
      if (other === undefined || after.conflicts.length < other.conflicts.length) found.set(key, after);
      else if (after.conflicts.length === other.conflicts.length) {
        found.set(key, { ...other, weight: other.weight + after.weight });
      }
    });
  }
  const sorted = [...found.values()].sort((a, b) => a.conflicts.length - b.conflicts.length);
  return reader.maxConflicts > 0 ? sorted.slice(0, MAX_PLACES) : sorted;
}

function placeKey(/** @type {Place} */ { position, bindings }, /** @type {Plot['slots']} */ slots) {
  const values = Object.entries(slots).map(([name, slot]) => {
    const value = bindings[name];
    return value === undefined ? '' : slot.values.indexOf(value);
  });
  return `${position}:${values.join()}`;
}

function probability(/** @type {Reading} */ { plot, endings }) {
  return endings.reduce(
    (sum, { weight, bindings }) => sum + (weight / PLOTS.length) * 2 ** -bitsOfBindings(plot.slots, bindings),
    0,
  );
}

/** What is wrong with a text that is no story, by the plot that explains most of it. @returns {StoryReport} */
function explain(/** @type {string} */ text) {
  const readings = PLOTS.map((plot) => follow(plot, text, Number.POSITIVE_INFINITY));
  const whole = readings
    .filter(({ endings }) => endings.length > 0)
    .sort((a, b) => numConflicts(a) - numConflicts(b))[0];
  if (whole !== undefined) {
    const problems = describeConflicts(whole.endings[0], text);
    return { isWellFormed: true, isConsistent: false, problems, plot: whole.plot.name, bits: undefined };
  }
  const best = readings.reduce((a, b) => (b.furthest > a.furthest ? b : a));
  const problems = [...describeStop(best, text), ...describeUnknownWords(text), ...describeConflicts(best.last, text)];
  const plot = best.numBeats > 0 ? best.plot.name : undefined;
  return { isWellFormed: false, isConsistent: best.last.conflicts.length === 0, problems, plot, bits: undefined };
}

const numConflicts = (/** @type {Reading} */ { endings }) => endings[0].conflicts.length;

function describeConflicts(/** @type {Place} */ { conflicts }, /** @type {string} */ text) {
  return conflicts.map(({ slot, wanted, got, position }) => {
    const where = `sentence ${sentenceAt(text, position).number}`;
    return wanted === undefined
      ? `unfitting ${slot}: ${where} says ${JSON.stringify(got)}`
      : `another ${slot}: ${where} says ${JSON.stringify(got)}`;
  });
}

function describeStop(/** @type {Reading} */ { plot, numBeats, last, furthest }, /** @type {string} */ text) {
  if (text === '') return ['unfinished: the text is empty'];
  if (numBeats === plot.beats.length) return [`more than a story: ${JSON.stringify(text.slice(last.position).trim())}`];
  if (furthest >= text.length) return ['unfinished: the text ends before the story does'];
  const { number, start, sentence } = sentenceAt(text, furthest);
  const kind = isOfSomeStory(text, start) ? 'out of place' : 'no such sentence';
  return [`${kind}: sentence ${number}, ${JSON.stringify(sentence)}`];
}

/** Whether a beat of any plot begins with what stands at `start`. */
function isOfSomeStory(/** @type {string} */ text, /** @type {number} */ start) {
  const position = Math.max(0, start - 1);
  const place = { position, bindings: {}, weight: 1, conflicts: [] };
  return PLOTS.some(({ beats, slots }) =>
    beats.some((beat) => {
      let isFound = false;
      matchNode(beat, place, { text, slots, maxConflicts: 0, furthest: 0 }, (after) => {
        isFound ||= after.position > position;
      });
      return isFound;
    }),
  );
}

function sentenceAt(/** @type {string} */ text, /** @type {number} */ position) {
  const ends = [...text.matchAll(/[.!?]"?(?= |$)/g)].map(({ index, 0: mark }) => index + mark.length);
  const number = ends.filter((end) => end <= position).length;
  const start = number === 0 ? 0 : ends[number - 1] + 1;
  return { number: number + 1, start, sentence: text.slice(start, ends[number]) };
}

/** Every word that a story may contain, in small letters. */
export const STORY_WORDS = new Set(
  PLOTS.flatMap(({ beats, slots }) => beats.flatMap((beat) => [...leaves(beat, slots)])).flatMap((leaf) =>
    leaf.kind === 'text' ? wordsOf(leaf.text) : [],
  ),
);

function describeUnknownWords(/** @type {string} */ text) {
  const unknown = new Set(wordsOf(text).filter((word) => !STORY_WORDS.has(word)));
  return [...unknown].map((word) => `no such word: ${JSON.stringify(word)}`);
}

function wordsOf(/** @type {string} */ text) {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}
