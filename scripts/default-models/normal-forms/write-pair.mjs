import { storyRandom } from '../story-random.mjs';
import { chineseDate, drawDate, englishDate, formatDate } from './dates.mjs';
import { drawFrom } from './draw.mjs';
import { chineseAmount, drawAmount, englishAmount, formatAmount } from './money.mjs';
import { chineseNumber, drawNumber, englishNumber, formatNumber } from './numbers.mjs';
import { chineseTime, drawTime, englishTime, formatTime } from './times.mjs';

/**
 * @typedef {'date' | 'time' | 'date and time' | 'number' | 'money'} Kind
 * @typedef {'English' | 'Chinese'} Language
 * @typedef {{ source: string, target: string, kind: Kind, language: Language }} Pair
 * @typedef {import('./draw.mjs').Draw} Draw
 */

/** @type {readonly (readonly [number, Kind])[]} */
const KINDS = [
  [2, 'date'],
  [2, 'time'],
  [3, 'date and time'],
  [3, 'number'],
  [3, 'money'],
];

/** One of so many inputs is held out. */
const HELD_OUT_OF = 20;

/**
 * Pair `index` of `seed`: something said in words, figures or both, and its normal form. No input of `heldOut` pairs ever comes
 * among the others, whatever their seeds, not even in other letters' case: a hash of the input decides.
 * @param {number} seed @param {number} index @param {{ heldOut?: boolean }} [options]
 * @returns {Pair}
 */
export function writePair(seed, index, { heldOut = false } = {}) {
  const draw = drawFrom(storyRandom(seed, index));
  for (;;) {
    const pair = drawPair(draw);
    if (isHeldOut(pair.source) === heldOut) return pair;
  }
}

/** @param {string} source */
export function isHeldOut(source) {
  return hash(source.toLowerCase()) % HELD_OUT_OF === 0;
}

/** @param {Draw} draw @returns {Pair} */
function drawPair(draw) {
  const kind = draw.weigh(KINDS);
  const language = draw.chance(0.6) ? 'English' : 'Chinese';
  const { source, target } = WRITERS[kind](draw, language);
  return { source: language === 'English' ? inSomeCase(source, draw) : source, target, kind, language };
}

/** @type {Readonly<Record<Kind, (draw: Draw, language: Language) => { source: string, target: string }>>} */
const WRITERS = {
  date(draw, language) {
    const date = drawDate(draw);
    return { source: (language === 'English' ? englishDate : chineseDate)(date, draw), target: formatDate(date) };
  },
  time(draw, language) {
    const time = drawTime(draw);
    return { source: (language === 'English' ? englishTime : chineseTime)(time, draw), target: formatTime(time) };
  },
  'date and time'(draw, language) {
    const date = drawDate(draw);
    const time = drawTime(draw);
    const source =
      language === 'English'
        ? englishMoment(date, time, draw)
        : `${chineseDate(date, draw)}${draw.pick(['', '', ' ', '，'])}${chineseTime(time, draw)}`;
    return { source, target: `${formatDate(date)}T${formatTime(time)}` };
  },
  number(draw, language) {
    const number = drawNumber(draw);
    return {
      source: (language === 'English' ? englishNumber : chineseNumber)(number, draw),
      target: formatNumber(number),
    };
  },
  money(draw, language) {
    const amount = drawAmount(draw, language);
    return {
      source: (language === 'English' ? englishAmount : chineseAmount)(amount, draw),
      target: formatAmount(amount),
    };
  },
};

/** @param {import('./dates.mjs').CalendarDate} date @param {import('./times.mjs').Time} time @param {Draw} draw */
function englishMoment(date, time, draw) {
  const [day, hour] = [englishDate(date, draw), englishTime(time, draw)];
  return draw.weigh([
    [3, `${day}, ${hour}`],
    [3, `${day} at ${hour}`],
    [2, `${hour} on ${day}`],
    [1, `${hour}, ${day}`],
    [1, `at ${hour} on ${day}`],
  ]);
}

/** As it is, with a capital letter, or all in small letters. @param {string} text @param {Draw} draw */
function inSomeCase(text, draw) {
  return draw.weigh([
    [6, text],
    [2, `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`],
    [1, text.toLowerCase()],
  ]);
}

/** FNV-1a, its bits mixed once more. @param {string} text */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
