import { hanNumber } from './chinese-numbers.mjs';
import { belowHundred, cardinal, drawSpelling, withCommas } from './english-numbers.mjs';
import { chineseWhole, drawWhole, englishWhole } from './numbers.mjs';

/**
 * An amount of money; its normal form is the code of ISO 4217 and as many decimals as that currency has: USD 12.50, JPY 300.
 * Dollars and cents of no country are those of the United States.
 * @typedef {{ code: string, whole: number, cents: number }} Amount
 * @typedef {import('./draw.mjs').Draw} Draw
 */

/** English units in the singular and plural, those of a hundredth, signs, and the same in Chinese. */
const CURRENCIES = {
  USD: {
    units: [
      ['dollar', 'dollars'],
      ['dollar', 'dollars'],
      ['US dollar', 'US dollars'],
      ['American dollar', 'American dollars'],
    ],
    hundredths: ['cent', 'cents'],
    signs: ['$', '$', 'US$'],
    han: ['美元', '美元', '美金'],
    hanHundredths: '美分',
  },
  EUR: {
    units: [['euro', 'euros']],
    hundredths: ['cent', 'cents'],
    signs: ['€'],
    han: ['欧元'],
    hanHundredths: '欧分',
  },
  GBP: {
    units: [
      ['pound', 'pounds'],
      ['British pound', 'British pounds'],
    ],
    hundredths: ['penny', 'pence'],
    signs: ['£'],
    han: ['英镑'],
    hanHundredths: '便士',
  },
  CNY: {
    units: [
      ['yuan', 'yuan'],
      ['Chinese yuan', 'Chinese yuan'],
    ],
    hundredths: undefined,
    signs: ['CN¥'],
    han: ['元', '块', '块钱'],
    hanHundredths: '分',
  },
  JPY: {
    units: [
      ['yen', 'yen'],
      ['Japanese yen', 'Japanese yen'],
    ],
    hundredths: undefined,
    signs: ['JP¥'],
    han: ['日元'],
    hanHundredths: undefined,
  },
  CAD: {
    units: [['Canadian dollar', 'Canadian dollars']],
    hundredths: ['cent', 'cents'],
    signs: ['C$', 'CA$'],
    han: ['加元', '加拿大元'],
    hanHundredths: '加分',
  },
  AUD: {
    units: [['Australian dollar', 'Australian dollars']],
    hundredths: ['cent', 'cents'],
    signs: ['A$', 'AU$'],
    han: ['澳元', '澳大利亚元'],
    hanHundredths: '澳分',
  },
};

const ENGLISH_CODES = /** @type {const} */ ([
  [6, 'USD'],
  [3, 'EUR'],
  [3, 'GBP'],
  [2, 'CNY'],
  [2, 'JPY'],
  [1, 'CAD'],
  [1, 'AUD'],
]);
const CHINESE_CODES = /** @type {const} */ ([
  [9, 'CNY'],
  [3, 'USD'],
  [2, 'EUR'],
  [2, 'GBP'],
  [2, 'JPY'],
  [1, 'CAD'],
  [1, 'AUD'],
]);

/** @param {Draw} draw @param {'English' | 'Chinese'} language @returns {Amount} */
export function drawAmount(draw, language) {
  const code = draw.weigh(language === 'English' ? ENGLISH_CODES : CHINESE_CODES);
  if (code === 'JPY' || draw.chance(0.5)) return { code, whole: Math.max(1, drawWhole(draw)), cents: 0 };
  const whole = draw.weigh([
    [1, 0],
    [4, draw.below(100)],
    [3, draw.below(10_000)],
    [1, draw.below(1_000_000)],
  ]);
  const cents = draw.chance(0.4) ? 10 * draw.between(1, 9) : draw.between(1, 99);
  return { code, whole, cents };
}

/** @param {Amount} amount */
export function formatAmount({ code, whole, cents }) {
  return code === 'JPY' ? `JPY ${whole}` : `${code} ${whole}.${String(cents).padStart(2, '0')}`;
}

/** Twelve dollars and fifty cents, $12.50, 1.2 million euros. @param {Amount} amount @param {Draw} draw */
export function englishAmount(amount, draw) {
  const { code, whole, cents } = amount;
  const { units, signs, hundredths } = CURRENCIES[code];
  const [one, many] = draw.pick(units);
  if (cents === 0) {
    if (draw.chance(0.3))
      return withSign(figures(whole, draw) + draw.pick(['', code === 'JPY' ? '' : '.00']), signs, code, draw);
    const slang = { USD: 'bucks', GBP: 'quid' }[code];
    if (slang !== undefined && whole > 1 && draw.chance(0.1)) return `${englishWhole(whole, draw)} ${slang}`;
    const number = englishWhole(whole, draw);
    if (code === 'USD' && many === 'dollars' && /^\d.*illion$/.test(number) && draw.chance(0.6)) return `$${number}`;
    return `${number} ${whole === 1 ? one : many}`;
  }
  const decimal = `${figures(whole, draw)}.${String(cents).padStart(2, '0')}`;
  if (draw.chance(0.3)) return withSign(decimal, signs, code, draw);
  if (hundredths === undefined || draw.chance(0.15)) return `${decimal} ${many}`;
  const isInFigures = draw.chance(0.25);
  const spelling = drawSpelling(draw);
  const write = (/** @type {number} */ value) => (isInFigures ? String(value) : cardinal(value, spelling));
  const small = `${isInFigures ? cents : belowHundred(cents, spelling.hyphen)}`;
  const unit = hundredths[cents === 1 ? 0 : 1];
  // Of a euro or a dollar of some country, the cents alone would be others.
  if (whole === 0) return hasOwnHundredths(code) ? `${small} ${unit}` : `zero ${many} and ${small} ${unit}`;
  const large = `${write(whole)} ${whole === 1 ? one : many}`;
  return draw.weigh([
    [3, `${large} and ${small} ${unit}`],
    [1, `${large}, ${small} ${unit}`],
    [1, `${large} ${small} ${unit}`],
    [2, cents > 9 ? `${large} ${small}` : `${large} and ${small} ${unit}`],
  ]);
}

/** 十二块五, 12.5美元, 人民币壹佰元整. @param {Amount} amount @param {Draw} draw */
export function chineseAmount(amount, draw) {
  const { code, whole, cents } = amount;
  const { han, hanHundredths } = CURRENCIES[code];
  const name = draw.pick(han);
  if (cents === 0) {
    if (code === 'CNY' && draw.chance(0.15)) return `人民币${hanNumber(whole, { financial: true })}元整`;
    const number = whole === 2 ? '两' : chineseWhole(whole, draw);
    return code === 'CNY' && name === '元'
      ? draw.weigh([
          [3, `${number}元`],
          [1, `${number}元整`],
          [1, `${number}元人民币`],
          [1, `人民币${number}元`],
        ])
      : `${number}${name}`;
  }
  if (draw.chance(0.25)) {
    const decimal = `${figures(whole, draw)}.${String(cents).padStart(2, '0')}`;
    return `${draw.chance(0.5) ? decimal.replace(/0$/, '') : decimal}${name}`;
  }
  const isHan = draw.chance(0.75);
  const liang = draw.chance(0.6);
  const write = (/** @type {number} */ value) =>
    isHan ? (value === 2 ? '两' : hanNumber(value, { liang })) : String(value);
  const large = whole === 0 ? '' : write(whole);
  if (code !== 'CNY') return `${large}${large === '' ? '' : name}${write(cents)}${hanHundredths}`;
  return chineseCoins({ large, cents, isFamiliar: name !== '元' }, write, draw);
}

/**
 * Yuan, and tenths and hundredths of it: 元, 角, 分 in writing, 块, 毛, 分 in speech.
 * @param {{ large: string, cents: number, isFamiliar: boolean }} amount
 * @param {(digit: number) => string} write
 * @param {Draw} draw
 */
function chineseCoins({ large, cents, isFamiliar }, write, draw) {
  const [unit, tenth] = isFamiliar ? ['块', '毛'] : ['元', '角'];
  const [tenths, hundredths] = [Math.floor(cents / 10), cents % 10];
  const before = large === '' ? '' : `${large}${unit}`;
  const small = hundredths === 0 ? '' : `${write(hundredths)}分`;
  if (tenths === 0) return `${before}${before === '' ? '' : '零'}${small}`;
  const isShort = hundredths === 0 && before !== '' && isFamiliar && draw.chance(0.6);
  return `${before}${write(tenths)}${isShort ? '' : tenth}${small}`;
}

/** @param {string} figure @param {readonly string[]} signs @param {string} code @param {Draw} draw */
function withSign(figure, signs, code, draw) {
  return draw.weigh([
    [4, `${draw.pick(signs)}${figure}`],
    [1, `${figure} ${code}`],
    [1, `${code} ${figure}`],
  ]);
}

/** @param {number} whole @param {Draw} draw */
function figures(whole, draw) {
  return draw.pick([String(whole), withCommas(whole)]);
}

/** Whether hundredths without a whole unit say which currency they are of. @param {string} code */
function hasOwnHundredths(code) {
  return code === 'USD' || code === 'GBP';
}
