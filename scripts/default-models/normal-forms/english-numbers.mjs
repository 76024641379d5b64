// Numbers in English words.

const SMALL = 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen'
  .concat(' seventeen eighteen nineteen')
  .split(' ');
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES = ['', ' thousand', ' million', ' billion'];
const ORDINALS = new Map(
  Object.entries({
    ...{
      one: 'first',
      two: 'second',
      three: 'third',
      five: 'fifth',
      eight: 'eighth',
      nine: 'ninth',
      twelve: 'twelfth',
    },
    ...{ twenty: 'twentieth', thirty: 'thirtieth' },
  }),
);

/**
 * How a writer spells: `hyphen` in twenty-one or not, `and` in one hundred and one or not, `a` for one in a hundred.
 * @typedef {{ hyphen: boolean, and: boolean, a: boolean }} Spelling
 */

/** @param {import('./draw.mjs').Draw} draw @returns {Spelling} */
export function drawSpelling(draw) {
  return { hyphen: draw.chance(0.75), and: draw.chance(0.5), a: draw.chance(0.3) };
}

/** A whole number from 0 to 10^12 − 1. @param {number} value @param {Spelling} spelling */
export function cardinal(value, spelling) {
  if (value < 100) return belowHundred(value, spelling.hyphen);
  const groups = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(rest % 1000);
  const parts = groups.flatMap((group, i) => {
    if (group === 0) return [];
    const scale = SCALES[groups.length - 1 - i];
    const isRestAfterMore = scale === '' && i > 0 && group < 100 && spelling.and;
    return [`${isRestAfterMore ? 'and ' : ''}${belowThousand(group, spelling)}${scale}`];
  });
  const words = parts.join(' ');
  return spelling.a && /^one (hundred|thousand|million|billion)\b/.test(words) ? words.replace(/^one/, 'a') : words;
}

/** From 0 to 99. @param {number} value @param {boolean} hyphen */
export function belowHundred(value, hyphen) {
  if (value < 20) return SMALL[value];
  const tens = TENS[Math.floor(value / 10)];
  return value % 10 === 0 ? tens : `${tens}${hyphen ? '-' : ' '}${SMALL[value % 10]}`;
}

/** From 1 to 99: third, twenty-first. @param {number} value @param {boolean} hyphen */
export function ordinal(value, hyphen) {
  const words = belowHundred(value, hyphen);
  const last = /** @type {RegExpExecArray} */ (/[a-z]+$/.exec(words))[0];
  return words.slice(0, -last.length) + (ORDINALS.get(last) ?? `${last.replace(/y$/, 'ie')}th`);
}

/** 1st, 2nd, 3rd, 11th. @param {number} value */
export function shortOrdinal(value) {
  const isTeen = Math.floor(value / 10) % 10 === 1;
  return `${value}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][value % 10]) ?? 'th'}`;
}

/** Digits one by one, as behind a decimal point. @param {string} digits */
export function spellDigits(digits) {
  return [...digits].map((digit) => SMALL[Number(digit)]).join(' ');
}

/** 1205 as 1,205. @param {number} value */
export function withCommas(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** @param {number} value @param {Spelling} spelling */
function belowThousand(value, { hyphen, and }) {
  const rest = value % 100;
  if (value < 100) return belowHundred(value, hyphen);
  const hundreds = `${SMALL[Math.floor(value / 100)]} hundred`;
  return rest === 0 ? hundreds : `${hundreds}${and ? ' and ' : ' '}${belowHundred(rest, hyphen)}`;
}
