import { hanDigits, hanNumber } from './chinese-numbers.mjs';
import { belowHundred, cardinal, drawSpelling, ordinal, shortOrdinal } from './english-numbers.mjs';

/**
 * A day of the Gregorian calendar; its normal form is ISO 8601: 1998-03-03.
 * @typedef {{ year: number, month: number, day: number }} CalendarDate
 * @typedef {import('./draw.mjs').Draw} Draw
 */

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const HAN_WEEKDAYS = ['日', '一', '二', '三', '四', '五', '六'];

/** Years from 1700 to 2099, those of our time more often. @param {Draw} draw @returns {CalendarDate} */
export function drawDate(draw) {
  const year = draw.chance(0.5) ? draw.between(1950, 2049) : draw.between(1700, 2099);
  const month = draw.between(1, 12);
  return { year, month, day: draw.between(1, new Date(Date.UTC(year, month, 0)).getUTCDate()) };
}

/** @param {CalendarDate} date */
export function formatDate({ year, month, day }) {
  return `${year}-${pad(month)}-${pad(day)}`;
}

/** The third of March 1998; March 3rd, 1998; 3 Mar 1998. @param {CalendarDate} date @param {Draw} draw */
export function englishDate(date, draw) {
  const { year, month, day } = date;
  const { hyphen } = drawSpelling(draw);
  const name = monthName(month, draw);
  const number = draw.pick([ordinal(day, hyphen), shortOrdinal(day)]);
  const years = draw.chance(0.6) ? String(year) : yearInWords(year, draw);
  const weekday = draw.chance(0.15)
    ? `${draw.pick(shortenings(WEEKDAYS[weekdayOf(date)]))}${draw.pick([', ', ' '])}`
    : '';
  const comma = draw.pick([',', '']);
  return draw.weigh([
    [
      5,
      () =>
        `${weekday}${draw.weigh([
          [5, 'the '],
          [1, ''],
        ])}${number} of ${name}${comma} ${years}`,
    ],
    [4, () => `${weekday}${name} ${draw.pick([`the ${number}`, number, String(day)])}${comma} ${years}`],
    [4, () => `${weekday}${draw.pick([number, String(day), String(day)])} ${name}${comma} ${years}`],
    [1, () => [year, draw.pick([month, pad(month)]), draw.pick([day, pad(day)])].join(draw.pick(['-', '/']))],
  ])();
}

/** 1998年3月3日, 一九九八年三月三号星期二. @param {CalendarDate} date @param {Draw} draw */
export function chineseDate(date, draw) {
  const { year, month, day } = date;
  const [isHanYear, isHanDay] = draw.weigh([
    [4, [true, true]],
    [4, [false, false]],
    [1, [false, true]],
  ]);
  const years = isHanYear ? hanDigits(String(year), draw.pick(['〇', '零'])) : String(year);
  const [months, days] = [month, day].map((value) => (isHanDay ? hanNumber(value) : String(value)));
  const name = HAN_WEEKDAYS[weekdayOf(date)];
  const weekday = draw.chance(0.15) ? draw.pick(['星期', '周', '礼拜']) + name : '';
  return `${years}年${months}月${days}${draw.pick(['日', '号'])}${weekday}`;
}

/** Nineteen ninety-eight, nineteen oh five, two thousand and five. @param {number} year @param {Draw} draw */
function yearInWords(year, draw) {
  const spelling = drawSpelling(draw);
  const [century, rest] = [Math.floor(year / 100), year % 100];
  const pair = belowHundred(century, spelling.hyphen);
  const hundreds = () =>
    `${pair} hundred${rest === 0 ? '' : `${spelling.and ? ' and' : ''} ${belowHundred(rest, spelling.hyphen)}`}`;
  const whole = () => cardinal(year, { ...spelling, a: false });
  if (century === 20 && rest < 10)
    return rest > 0 && draw.chance(0.3) ? `${pair} oh ${belowHundred(rest, true)}` : whole();
  if (century === 20 && draw.chance(0.3)) return whole();
  if (rest === 0 || (century < 20 && draw.chance(0.15))) return hundreds();
  return rest < 10 ? `${pair} oh ${belowHundred(rest, true)}` : `${pair} ${belowHundred(rest, spelling.hyphen)}`;
}

/** @param {number} month @param {Draw} draw */
function monthName(month, draw) {
  const name = MONTHS[month - 1];
  return draw.chance(0.75) ? name : draw.pick(name === 'September' ? ['Sept', 'Sept.', 'Sep'] : shortenings(name));
}

/** @param {string} name */
function shortenings(name) {
  return name.length < 4 ? [name] : [name, name.slice(0, 3), `${name.slice(0, 3)}.`];
}

/** @param {CalendarDate} date from 0, a Sunday */
function weekdayOf({ year, month, day }) {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

/** @param {number} value */
function pad(value) {
  return String(value).padStart(2, '0');
}
