import { describe, expect, test } from 'vitest';
import { storyRandom } from '../story-random.mjs';
import { hanDigits, hanNumber } from './chinese-numbers.mjs';
import { chineseDate, englishDate } from './dates.mjs';
import { drawFrom } from './draw.mjs';
import { cardinal, ordinal, shortOrdinal, withCommas } from './english-numbers.mjs';
import { chineseAmount, englishAmount } from './money.mjs';
import { chineseNumber, englishNumber } from './numbers.mjs';
import { chineseTime, englishTime } from './times.mjs';

const BRITISH = { hyphen: true, and: true, a: false };
const AMERICAN = { hyphen: true, and: false, a: true };

test.each([
  [0, 'zero', 'zero'],
  [21, 'twenty-one', 'twenty-one'],
  [100, 'one hundred', 'a hundred'],
  [305, 'three hundred and five', 'three hundred five'],
  [1005, 'one thousand and five', 'a thousand five'],
  [1205, 'one thousand two hundred and five', 'a thousand two hundred five'],
  [12_000, 'twelve thousand', 'twelve thousand'],
  [1_000_001, 'one million and one', 'a million one'],
  [
    300_200_100,
    'three hundred million two hundred thousand one hundred',
    'three hundred million two hundred thousand one hundred',
  ],
  [2_000_000_000, 'two billion', 'two billion'],
])('%d in English words', (value, british, american) => {
  expect([cardinal(value, BRITISH), cardinal(value, AMERICAN)]).toEqual([british, american]);
});

test.each([
  [1, 'first', '1st'],
  [2, 'second', '2nd'],
  [3, 'third', '3rd'],
  [11, 'eleventh', '11th'],
  [12, 'twelfth', '12th'],
  [20, 'twentieth', '20th'],
  [22, 'twenty-second', '22nd'],
  [30, 'thirtieth', '30th'],
])('ordinal %d', (value, words, figures) => {
  expect([ordinal(value, true), shortOrdinal(value)]).toEqual([words, figures]);
});

test.each([
  [0, '零'],
  [2, '二'],
  [10, '十'],
  [15, '十五'],
  [20, '二十'],
  [105, '一百零五'],
  [115, '一百一十五'],
  [1010, '一千零一十'],
  [1205, '一千二百零五'],
  [10_005, '一万零五'],
  [20_000, '二万'],
  [120_345, '十二万零三百四十五'],
  [100_000_000, '一亿'],
  [100_010_000, '一亿零一万'],
  [305_000_200, '三亿零五百万零二百'],
])('%d in Chinese', (value, han) => {
  expect(hanNumber(value)).toBe(han);
});

test('Chinese styles: 两, cheques, digits', () => {
  expect(hanNumber(22_200, { liang: true })).toBe('两万两千两百');
  expect(hanNumber(12_210, { liang: true })).toBe('一万两千两百一十');
  expect(hanNumber(1210, { financial: true })).toBe('壹仟贰佰壹拾');
  expect(hanNumber(10, { financial: true })).toBe('壹拾');
  expect([hanDigits('2005', '〇'), hanDigits('10')]).toEqual(['二〇〇五', '一零']);
  expect([withCommas(1205), withCommas(999), withCommas(1_234_567)]).toEqual(['1,205', '999', '1,234,567']);
});

/** What a writer says of a value, over many random numbers. */
function waysOf(write, value) {
  return new Set(Array.from({ length: 3000 }, (_, i) => write(value, drawFrom(storyRandom(9, i)))));
}

describe('ways of saying', () => {
  test.each([
    [
      'dates',
      englishDate,
      { year: 1998, month: 3, day: 3 },
      [
        'the third of March 1998',
        'March 3rd, 1998',
        '3 Mar 1998',
        'March the third, nineteen ninety-eight',
        'Tuesday, 3 March 1998',
        '1998/3/3',
      ],
      [],
    ],
    [
      'dates',
      englishDate,
      { year: 2005, month: 12, day: 21 },
      ['21 December two thousand and five', '21 December twenty oh five'],
      ['21 December twenty five'],
    ],
    [
      'dates',
      chineseDate,
      { year: 1998, month: 3, day: 3 },
      ['1998年3月3日', '一九九八年三月三号', '1998年三月三日', '1998年3月3日星期二'],
      [],
    ],
    [
      'times',
      englishTime,
      { hour: 2, minute: 30 },
      ['half past two', 'two thirty', '2:30 am', '02:30', 'half past two in the morning', 'oh two thirty hours'],
      ['two thirty in the afternoon'],
    ],
    [
      'times',
      englishTime,
      { hour: 14, minute: 30 },
      ['half past two in the afternoon', '2:30 pm', '14:30', 'fourteen thirty'],
      ['half past two', 'two thirty', '2:30'],
    ],
    [
      'times',
      englishTime,
      { hour: 12, minute: 45 },
      ['a quarter to one', 'quarter to one in the afternoon'],
      ['quarter to one in the morning'],
    ],
    ['times', englishTime, { hour: 0, minute: 45 }, ['quarter to one at night', '12:45 am'], ['quarter to one']],
    ['times', englishTime, { hour: 0, minute: 0 }, ['midnight', '00:00'], ['noon', "twelve o'clock"]],
    [
      'times',
      chineseTime,
      { hour: 14, minute: 30 },
      ['下午两点半', '十四点三十分', '下午2点30分', '14:30'],
      ['两点半', '14点半钟'],
    ],
    ['times', chineseTime, { hour: 9, minute: 2 }, ['九点零二分', '上午9点02分'], ['九点零二']],
    ['times', chineseTime, { hour: 2, minute: 50 }, ['差十分三点', '凌晨差10分3点', '两点五十'], []],
    [
      'numbers',
      englishNumber,
      { isNegative: false, whole: 1205, digits: '5' },
      ['one thousand two hundred and five point five', '1,205.5', 'one thousand two hundred five and a half'],
      [],
    ],
    [
      'numbers',
      englishNumber,
      { isNegative: true, whole: 1_200_000, digits: '' },
      ['minus 1.2 million', 'negative one million two hundred thousand', '-1,200,000'],
      [],
    ],
    [
      'numbers',
      englishNumber,
      { isNegative: false, whole: 1900, digits: '' },
      ['nineteen hundred', 'one thousand nine hundred'],
      ['1.9 thousand'],
    ],
    ['numbers', chineseNumber, { isNegative: false, whole: 120_000, digits: '' }, ['十二万', '12万', '120,000'], []],
    ['numbers', chineseNumber, { isNegative: true, whole: 3, digits: '14' }, ['负三点一四', '-3.14'], []],
    [
      'money',
      englishAmount,
      { code: 'USD', whole: 12, cents: 50 },
      ['twelve dollars and fifty cents', 'twelve dollars fifty', '$12.50', '12.50 USD', '12.50 dollars'],
      [],
    ],
    [
      'money',
      englishAmount,
      { code: 'USD', whole: 1_200_000, cents: 0 },
      ['$1.2 million', '1.2 million US dollars'],
      [],
    ],
    ['money', englishAmount, { code: 'USD', whole: 0, cents: 99 }, ['ninety-nine cents'], []],
    [
      'money',
      englishAmount,
      { code: 'EUR', whole: 0, cents: 99 },
      ['zero euros and ninety-nine cents'],
      ['ninety-nine cents'],
    ],
    [
      'money',
      englishAmount,
      { code: 'USD', whole: 12, cents: 5 },
      ['twelve dollars and five cents'],
      ['twelve dollars five'],
    ],
    ['money', englishAmount, { code: 'JPY', whole: 300, cents: 0 }, ['three hundred yen', 'JPY 300'], ['JPY 300.00']],
    [
      'money',
      chineseAmount,
      { code: 'CNY', whole: 12, cents: 50 },
      ['十二块五', '十二块五毛', '十二元五角', '12.5元', '12.50块钱'],
      ['十二元五'],
    ],
    ['money', chineseAmount, { code: 'CNY', whole: 12, cents: 5 }, ['十二元零五分', '12块零5分'], []],
    [
      'money',
      chineseAmount,
      { code: 'CNY', whole: 1200, cents: 0 },
      ['一千二百元', '人民币壹仟贰佰元整', '一千两百块钱'],
      [],
    ],
    ['money', chineseAmount, { code: 'CNY', whole: 2, cents: 0 }, ['两块'], ['二块']],
    ['money', chineseAmount, { code: 'USD', whole: 12, cents: 50 }, ['十二美元五十美分', '12.5美元'], []],
  ])('%s: %o %o', (_, write, value, wanted, unwanted) => {
    const ways = waysOf(write, value);
    expect(wanted.filter((way) => !ways.has(way))).toEqual([]);
    expect(unwanted.filter((way) => ways.has(way))).toEqual([]);
  });
});
