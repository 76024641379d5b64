import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatPercent, formatRate, formatSeconds, formatTable } from './format.ts';

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [497_759_232, '474.7 MiB'],
  [3 * 1024 ** 4, '3.0 TiB'],
])('%i bytes are %s', (bytes, wanted) => {
  expect(formatBytes(bytes)).toBe(wanted);
});

test('numbers are for people', () => {
  expect(formatCount(124_439_808)).toBe('124,439,808');
  expect([3.254, 70.12, 512.4, Number.POSITIVE_INFINITY].map(formatRate)).toEqual(['3.25', '70.1', '512', '–']);
  expect([0.714, 0.0512, 1, 0, Number.NaN].map(formatPercent)).toEqual(['71 %', '5.1 %', '100 %', '0.0 %', '–']);
  expect(formatSeconds(312)).toBe('0.31 s');
});

test('columns are as wide as their widest cell', () => {
  const rows = [
    ['name', 'bytes'],
    ['a', '12345678'],
  ];
  expect(formatTable(rows, [1])).toBe('name     bytes\na     12345678\n');
});
