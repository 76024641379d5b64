import { hanNumber } from './chinese-numbers.mjs';
import { belowHundred, drawSpelling } from './english-numbers.mjs';

/**
 * A time of day; its normal form is ISO 8601: 14:30. An hour from 1 to 12 that nothing places in the day is taken as it is said:
 * half past two is 02:30, a quarter to one 12:45.
 * @typedef {{ hour: number, minute: number }} Time
 * @typedef {import('./draw.mjs').Draw} Draw
 */

/** Whole quarters and fives more often than other minutes. @param {Draw} draw @returns {Time} */
export function drawTime(draw) {
  const minute = draw.weigh([
    [4, () => 15 * draw.below(4)],
    [3, () => 5 * draw.below(12)],
    [4, () => draw.below(60)],
  ])();
  return { hour: draw.below(24), minute };
}

/** @param {Time} time */
export function formatTime({ hour, minute }) {
  return `${pad(hour)}:${pad(minute)}`;
}

/** Half past two in the afternoon, 2:30 pm, fourteen thirty. @param {Time} time @param {Draw} draw */
export function englishTime(time, draw) {
  const { hour, minute } = time;
  if (minute === 0 && hour % 12 === 0 && draw.chance(0.6)) return namedHour(hour, draw);
  return draw.weigh([
    [5, () => relativeTime(time, draw)],
    [3, () => `${hourAndMinutes(time, draw)}${placeInDay(time, draw, { isNeeded: minute === 0 || !isAsSaid(hour) })}`],
    [3, () => `${hourOf12(hour)}${minute === 0 && draw.chance(0.6) ? '' : `:${pad(minute)}`}${amOrPm(hour, draw)}`],
    [2, () => `${draw.pick([String(hour), pad(hour)])}:${pad(minute)}`],
    [1, () => militaryTime(time, draw)],
  ])();
}

/** 下午两点半, 14点30分, 差十分三点. @param {Time} time @param {Draw} draw */
export function chineseTime(time, draw) {
  const { hour, minute } = time;
  if (minute === 0 && hour % 12 === 0 && draw.chance(0.3))
    return draw.pick(hour === 0 ? ['午夜', '午夜十二点'] : ['正午', '中午十二点', '中午12点']);
  const part = draw.chance(0.6) || (hour === 12 && draw.chance(0.5)) ? draw.pick(partsOfDay(hour)) : '';
  const named = (/** @type {number} */ value) => (part === '' || value === 0 ? value : hourOf12(value));
  const isHan = draw.chance(0.6);
  const write = (/** @type {number} */ value) => (isHan ? hanNumber(value) : String(value));
  const hours = (/** @type {number} */ value) => (isHan && named(value) === 2 ? '两' : write(named(value)));
  if (minute >= 40 && hour < 23 && draw.chance(0.2)) {
    const missing = 60 - minute;
    return `${part}差${missing === 15 ? '一刻' : `${isHan && missing === 2 ? '两' : write(missing)}分`}${hours(hour + 1)}点`;
  }
  if (!isHan && draw.chance(0.3)) return `${part}${named(hour)}:${pad(minute)}`;
  return `${part}${hours(hour)}点${hanMinutes(minute, isHan, draw)}`;
}

/** @param {number} hour 0 or 12 @param {Draw} draw */
function namedHour(hour, draw) {
  return draw.pick(
    hour === 0
      ? ['midnight', 'twelve midnight', "twelve o'clock at night"]
      : ['noon', 'midday', 'twelve noon', '12 noon'],
  );
}

/** Ten past two, a quarter to three. @param {Time} time @param {Draw} draw */
function relativeTime(time, draw) {
  const { hour, minute } = time;
  const { hyphen } = drawSpelling(draw);
  const isBefore = minute > 30;
  const named = (hour + (isBefore ? 1 : 0)) % 24;
  if (named % 12 === 0 && minute !== 0 && draw.chance(0.2))
    return `${distance(isBefore ? 60 - minute : minute, isBefore, hyphen, draw)} ${named === 0 ? 'midnight' : 'noon'}`;
  const place = placeInDay(time, draw, { isNeeded: !isAsSaid(hour) });
  const name = draw.chance(0.85) ? belowHundred(hourOf12(named), hyphen) : String(hourOf12(named));
  if (minute === 0) return `${name} o'clock${place}`;
  return `${distance(isBefore ? 60 - minute : minute, isBefore, hyphen, draw)} ${name}${place}`;
}

/** @param {number} minutes from 1 to 30 @param {boolean} isBefore @param {boolean} hyphen @param {Draw} draw */
function distance(minutes, isBefore, hyphen, draw) {
  const preposition = isBefore
    ? 'to'
    : draw.weigh([
        [3, 'past'],
        [1, 'after'],
      ]);
  if (minutes === 30) return 'half past';
  if (minutes === 15 && draw.chance(0.85)) return `${draw.pick(['a ', ''])}quarter ${preposition}`;
  const number = draw.chance(0.85) ? belowHundred(minutes, hyphen) : String(minutes);
  const hasUnit = minutes % 5 !== 0 || draw.chance(0.2);
  return `${number}${hasUnit ? ` minute${minutes === 1 ? '' : 's'}` : ''} ${preposition}`;
}

/** Two thirty, two oh five; without minutes the hour alone. @param {Time} time @param {Draw} draw */
function hourAndMinutes({ hour, minute }, draw) {
  const { hyphen } = drawSpelling(draw);
  const name = belowHundred(hourOf12(hour), hyphen);
  return minute === 0 ? name : `${name} ${minute < 10 ? 'oh ' : ''}${belowHundred(minute, hyphen)}`;
}

/** Fourteen hundred hours, oh two thirty hours, fourteen thirty. @param {Time} time @param {Draw} draw */
function militaryTime({ hour, minute }, draw) {
  const { hyphen } = drawSpelling(draw);
  const hours = hour === 0 ? 'zero' : `${hour < 10 ? 'oh ' : ''}${belowHundred(hour, hyphen)}`;
  const minutes = minute === 0 ? 'hundred' : `${minute < 10 ? 'oh ' : ''}${belowHundred(minute, hyphen)}`;
  return `${hours} ${minutes}${minute !== 0 && hour > 12 && draw.chance(0.5) ? '' : ' hours'}`;
}

/** Whether an hour may stand without a place in the day. @param {number} hour */
function isAsSaid(hour) {
  return hour >= 1 && hour <= 12;
}

/** In the afternoon, pm; nothing now and then, unless it is needed. @param {Time} time @param {Draw} draw @param {{ isNeeded: boolean }} options */
function placeInDay({ hour }, draw, { isNeeded }) {
  if (!isNeeded && draw.chance(0.6)) return '';
  if (draw.chance(0.3)) return ` ${amOrPm(hour, draw).trim()}`;
  const part = draw.pick(
    [
      ['in the morning', hour >= 1 && hour < 12],
      ['in the afternoon', hour >= 12 && hour < 18],
      ['in the evening', hour >= 17 && hour < 23],
      ['at night', hour >= 21 || hour === 0],
    ].flatMap(([words, fits]) => (fits ? [words] : [])),
  );
  return ` ${part}`;
}

/** @param {number} hour @param {Draw} draw */
function amOrPm(hour, draw) {
  const letter = hour < 12 ? 'a' : 'p';
  return draw.pick([`${letter}m`, ` ${letter}m`, ` ${letter}.m.`, ` ${letter.toUpperCase()}M`]);
}

/** @param {number} hour */
function partsOfDay(hour) {
  const parts = [
    ['凌晨', hour < 6],
    ['早上', hour >= 5 && hour < 10],
    ['上午', hour >= 8 && hour < 12],
    ['中午', hour === 12],
    ['下午', hour >= 13 && hour < 18],
    ['晚上', hour >= 18],
  ];
  return /** @type {string[]} */ (parts.flatMap(([words, fits]) => (fits ? [words] : [])));
}

/** @param {number} minute @param {boolean} isHan @param {Draw} draw */
function hanMinutes(minute, isHan, draw) {
  if (minute === 0) return draw.pick(['', '整', '钟']);
  const named = new Map([
    [15, '一刻'],
    [30, '半'],
    [45, '三刻'],
  ]).get(minute);
  if (named !== undefined && draw.chance(0.6)) return named;
  const unit = draw.pick(['分', '']);
  if (!isHan) return `${minute < 10 ? draw.pick([pad(minute), `零${minute}`]) : minute}${unit}`;
  // Without 分, 九点零二 would be 9.02.
  if (minute < 10) return `零${hanNumber(minute)}分`;
  return `${hanNumber(minute)}${minute === 10 ? '分' : unit}`;
}

/** @param {number} hour */
function hourOf12(hour) {
  return hour % 12 === 0 ? 12 : hour % 12;
}

/** @param {number} value */
function pad(value) {
  return String(value).padStart(2, '0');
}
