// Numbers in Chinese characters.

const COMMON = { digits: [...'零一二三四五六七八九'], units: ['', '十', '百', '千'], two: '两' };
/** The characters of cheques, which nobody can alter. */
const FINANCIAL = { digits: [...'零壹贰叁肆伍陆柒捌玖'], units: ['', '拾', '佰', '仟'], two: '贰' };
const GROUPS = ['', '万', '亿'];

/**
 * A whole number from 0 to 10^12 − 1 (GB/T 15835: units of ten, hundred and thousand within groups of ten thousand).
 * @param {number} value
 * @param {{ liang?: boolean, financial?: boolean }} [style] `liang`: 两 for 二 before 百, 千, 万, 亿
 */
export function hanNumber(value, { liang = false, financial = false } = {}) {
  const signs = financial ? FINANCIAL : COMMON;
  if (value === 0) return signs.digits[0];
  const groups = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 10_000)) groups.unshift(rest % 10_000);
  let text = '';
  let hasGap = false;
  for (const [i, group] of groups.entries()) {
    hasGap ||= text !== '' && group < 1000;
    if (group === 0) continue;
    const unit = GROUPS[groups.length - 1 - i];
    const written = group === 2 && unit !== '' && liang ? signs.two : hanGroup(group, signs, liang);
    text += `${hasGap ? signs.digits[0] : ''}${written}${unit}`;
    hasGap = false;
  }
  // 十五, but 一百一十五.
  return !financial && text.startsWith('一十') ? text.slice(1) : text;
}

/** Digits one by one: 1998 as 一九九八. @param {string} digits @param {string} [zero] */
export function hanDigits(digits, zero = '零') {
  return [...digits].map((digit) => (digit === '0' ? zero : COMMON.digits[Number(digit)])).join('');
}

/** From 1 to 9999. @param {number} value @param {typeof COMMON} signs @param {boolean} liang */
function hanGroup(value, { digits, units, two }, liang) {
  let text = '';
  let hasGap = false;
  for (let place = 3; place >= 0; place--) {
    const digit = Math.floor(value / 10 ** place) % 10;
    if (digit === 0) {
      hasGap = text !== '';
      continue;
    }
    text += `${hasGap ? digits[0] : ''}${digit === 2 && place > 1 && liang ? two : digits[digit]}${units[place]}`;
    hasGap = false;
  }
  return text;
}
