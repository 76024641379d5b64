import { hanDigits, hanNumber } from './chinese-numbers.mjs';
import { cardinal, drawSpelling, spellDigits, withCommas } from './english-numbers.mjs';

/**
 * A decimal number, exact: ±`whole`.`digits`. Its normal form has neither separators nor zeros at the end of its digits: -1205.5.
 * @typedef {{ isNegative: boolean, whole: number, digits: string }} Decimal
 * @typedef {import('./draw.mjs').Draw} Draw
 */

const FRACTIONS = new Map([
  ['5', 'half'],
  ['25', 'quarter'],
  ['75', 'three quarters'],
]);

/** @param {Draw} draw @returns {Decimal} */
export function drawNumber(draw) {
  const whole = drawWhole(draw);
  const digits = draw.weigh([
    [6, () => ''],
    [3, () => drawDigits(draw)],
    [1, () => draw.pick([...FRACTIONS.keys()])],
  ])();
  return {
    isNegative: draw.chance(0.1) && (whole > 0 || digits !== ''),
    whole: digits === '' ? whole : whole % 100_000,
    digits,
  };
}

/** A whole number below 10^9: all lengths, often round. @param {Draw} draw */
export function drawWhole(draw) {
  const length = draw.weigh([
    [2, 1],
    [4, 2],
    [4, 3],
    [4, 4],
    [2, 5],
    [2, 6],
    [2, 7],
    [1, 8],
    [1, 9],
  ]);
  const value = draw.below(10 ** length);
  const unit = draw.chance(0.35) ? 10 ** draw.below(length) : 1;
  return value - (value % unit);
}

/** @param {Decimal} number */
export function formatNumber({ isNegative, whole, digits }) {
  return `${isNegative ? '-' : ''}${whole}${digits === '' ? '' : `.${digits}`}`;
}

/** Minus one thousand two hundred and five point five; 1.2 million; three and a half. @param {Decimal} number @param {Draw} draw */
export function englishNumber(number, draw) {
  const { isNegative, whole, digits } = number;
  const size = digits === '' ? englishWhole(whole, draw) : englishDecimal(whole, digits, draw);
  if (!isNegative) return size;
  return /^\d/.test(size)
    ? `${draw.pick(['-', 'minus ', 'negative '])}${size}`
    : `${draw.pick(['minus', 'negative'])} ${size}`;
}

/** Twelve thousand, 12 thousand, 12,000, 12000, twelve hundred. @param {number} whole @param {Draw} draw */
export function englishWhole(whole, draw) {
  const spelling = drawSpelling(draw);
  const hundreds = whole / 100;
  if (hundreds > 10 && hundreds < 100 && Number.isInteger(hundreds) && hundreds % 10 !== 0 && draw.chance(0.4))
    return `${cardinal(hundreds, spelling)} hundred`;
  if (draw.chance(0.4)) return scaledWhole(whole, draw) ?? figures(whole, draw);
  return draw.chance(0.15) ? figures(whole, draw) : cardinal(whole, spelling);
}

/** 一千二百零五点五, 12万, 负3.5. @param {Decimal} number @param {Draw} draw */
export function chineseNumber({ isNegative, whole, digits }, draw) {
  const isHan = digits === '' || draw.chance(0.8);
  const size =
    digits === ''
      ? chineseWhole(whole, draw)
      : isHan
        ? `${hanWhole(whole, draw)}点${hanDigits(digits)}`
        : `${whole}.${digits}`;
  return `${isNegative ? (/^\d/.test(size) ? draw.pick(['负', '-']) : '负') : ''}${size}`;
}

/** 一万二千, 1.2万, 12000. @param {number} whole @param {Draw} draw */
export function chineseWhole(whole, draw) {
  if (draw.chance(0.35)) {
    const scaled = scaledIn(whole, [
      [1e8, '亿', 1e6],
      [1e4, '万', 100],
    ]);
    if (scaled !== undefined) return scaled;
  }
  return draw.chance(0.15) ? figures(whole, draw) : hanWhole(whole, draw);
}

/** @param {number} whole @param {Draw} draw */
function hanWhole(whole, draw) {
  return hanNumber(whole, { liang: draw.chance(0.6) });
}

/** 12 thousand, 1.2 million; undefined where that would not be shorter. @param {number} whole @param {Draw} draw */
function scaledWhole(whole, draw) {
  const scaled = scaledIn(whole, [
    [1e9, ' billion', 1e7],
    [1e6, ' million', 1e4],
    [1e3, ' thousand', 1e3],
  ]);
  const [, figure, scale] = /^([\d.]+)( \w+)$/.exec(scaled ?? '') ?? [];
  if (figure === undefined || draw.chance(0.6)) return scaled;
  const [before, after] = figure.split('.');
  const words = cardinal(Number(before), { ...drawSpelling(draw), a: false });
  return `${words}${after === undefined ? '' : ` point ${spellDigits(after)}`}${scale}`;
}

/** @param {number} whole @param {readonly (readonly [size: number, name: string, multipleOf: number])[]} scales the largest first */
function scaledIn(whole, scales) {
  const scale = scales.find(([size]) => whole >= size);
  if (scale === undefined || whole % scale[2] !== 0) return undefined;
  return `${whole / scale[0]}${scale[1]}`;
}

/** @param {number} whole @param {Draw} draw */
function figures(whole, draw) {
  return draw.pick([String(whole), withCommas(whole)]);
}

/** @param {number} whole @param {string} digits @param {Draw} draw */
function englishDecimal(whole, digits, draw) {
  const spelling = drawSpelling(draw);
  const fraction = FRACTIONS.get(digits);
  if (fraction !== undefined && draw.chance(0.5)) {
    const part = fraction === 'three quarters' ? fraction : `a ${fraction}`;
    return whole === 0 ? part.replace(/^a half$/, 'half') : `${cardinal(whole, { ...spelling, a: false })} and ${part}`;
  }
  if (draw.chance(0.2)) return `${draw.pick([String(whole), withCommas(whole)])}.${digits}`;
  const behind = draw.chance(0.3) ? spellDigits(digits).replaceAll('zero', 'oh') : spellDigits(digits);
  const before = whole === 0 ? draw.pick(['zero ', 'nought ', '']) : `${cardinal(whole, { ...spelling, a: false })} `;
  return `${before}point ${behind}`;
}

/** One to three digits, the last of which is no zero. @param {Draw} draw */
function drawDigits(draw) {
  const length = draw.weigh([
    [4, 1],
    [3, 2],
    [2, 3],
  ]);
  const digits = Array.from({ length: length - 1 }, () => draw.below(10));
  return [...digits, draw.between(1, 9)].join('');
}
