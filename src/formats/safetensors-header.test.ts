import { expect, test } from 'vitest';
import { parseSafetensorsHeader } from './safetensors-header.ts';

const ONE = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

const entry = (dtype: unknown, shape: unknown, offsets: unknown) =>
  JSON.stringify({ a: { dtype, shape, data_offsets: offsets } });
const tensor = 'Cannot read tensor "a" of x.safetensors: ';
const cases: [what: string, header: string | Uint8Array, dataLength: number, message: string][] = [
  ['an empty header', '', 0, 'Cannot read x.safetensors: the header starts with nothing, wanted "{"'],
  ['a header that is no object', '[]', 0, 'Cannot read x.safetensors: the header starts with byte 0x5b, wanted "{"'],
  ['a byte order mark', '\uFEFF{}', 0, 'Cannot read x.safetensors: the header starts with byte 0xef, wanted "{"'],
  ['invalid UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 0, 'Cannot read x.safetensors: the header is not valid UTF-8'],
  ['what is not JSON', '{"a":}', 0, 'Cannot read x.safetensors: the header is not JSON: '],
  ['deep nesting', '{"a":[[[1]]]}', 0, 'Cannot read x.safetensors: the header nests deeper than 3 levels'],
  ['a name twice', `{"a":${ONE},"\\u0061":${ONE}}`, 8, 'Cannot read x.safetensors: the header has the name "a" twice'],
  [
    'a key twice in an entry',
    '{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,4]}}',
    4,
    'Cannot read x.safetensors: the header has the name "dtype" twice',
  ],
  ['an entry that is no object', '{"a":[1]}', 0, `${tensor}its entry is [1], wanted an object`],
  ['an entry that is null', '{"a":null}', 0, `${tensor}its entry is null, wanted an object`],
  [
    'metadata that is no object',
    '{"__metadata__":"x"}',
    0,
    'Cannot read x.safetensors: "__metadata__" is "x", wanted an object of strings',
  ],
  [
    'metadata that is no string',
    '{"__metadata__":{"x":1}}',
    0,
    'Cannot read x.safetensors: "__metadata__" has 1 for "x", wanted a string',
  ],
  ['an unknown dtype', entry('F31', [2], [0, 8]), 8, `${tensor}its dtype is "F31", wanted one of F64, F32, `],
  ['a missing dtype', entry(undefined, [2], [0, 8]), 8, `${tensor}its dtype is missing, wanted one of`],
  [
    'a dtype of a prototype',
    entry('constructor', [2], [0, 8]),
    8,
    `${tensor}its dtype is "constructor", wanted one of`,
  ],
  ['a shape that is no array', entry('F32', 2, [0, 8]), 8, `${tensor}its shape is 2, wanted an array`],
  [
    'too many dimensions',
    entry('F32', Array(9).fill(1), [0, 4]),
    4,
    `${tensor}its shape has 9 dimensions, wanted at most 8`,
  ],
  ['a negative size', entry('F32', [-2, -1], [0, 8]), 8, `${tensor}its shape has the size -2, wanted a whole number`],
  ['a fraction', entry('F32', [0.5, 4], [0, 8]), 8, `${tensor}its shape has the size 0.5, wanted a whole number`],
  ['a size as text', entry('F32', ['2'], [0, 8]), 8, `${tensor}its shape has the size "2", wanted a whole number`],
  [
    'a size beyond 2^53',
    entry('F32', [2 ** 60], [0, 8]),
    8,
    `${tensor}its shape has the size 1152921504606847000, wanted a whole number`,
  ],
  ['a product beyond 2^53', entry('F32', Array(8).fill(2 ** 52), [0, 8]), 8, `${tensor}its shape (4503599627370496, `],
  [
    'offsets that are missing',
    entry('F32', [2], undefined),
    8,
    `${tensor}its data_offsets are missing, wanted two whole numbers`,
  ],
  ['three offsets', entry('F32', [2], [0, 8, 8]), 8, `${tensor}its data_offsets are [0,8,8], wanted two whole numbers`],
  [
    'a negative offset',
    entry('F32', [2], [-8, 0]),
    8,
    `${tensor}its data_offsets are [-8,0], wanted two whole numbers`,
  ],
  ['offsets that run backwards', entry('F32', [2], [8, 0]), 8, `${tensor}its data_offsets run backwards, from 8 to 0`],
  ['offsets past the end', entry('F32', [2], [0, 8]), 7, `${tensor}it ends at byte 8 of the data, but the file has 7`],
  [
    'a shape that is not its bytes',
    entry('F32', [3], [0, 8]),
    8,
    `${tensor}its offsets span 8 bytes, but (3) of float32 takes 12 bytes`,
  ],
  [
    'tensors that overlap',
    `{"a":${ONE},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`,
    12,
    'Cannot read x.safetensors: tensors "a" and "b" overlap',
  ],
  ['tensors on the same bytes', `{"a":${ONE},"b":${ONE}}`, 8, 'Cannot read x.safetensors: tensors "a" and "b" overlap'],
  [
    'a hole before the first',
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}',
    4,
    'Cannot read x.safetensors: 3 bytes between the header and "a" are unused',
  ],
  [
    'a hole',
    `{"a":${ONE},"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`,
    10,
    'Cannot read x.safetensors: 1 bytes between "a" and "b" are unused',
  ],
  [
    'bytes after the last',
    `{"a":${ONE}}`,
    11,
    'Cannot read x.safetensors: its tensors end at byte 8 of the data, but the file has 11',
  ],
];

test.each(cases)('refuses %s', (_what, header, dataLength, message) => {
  const bytes = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  expect(() => parseSafetensorsHeader(bytes, dataLength, 'x.safetensors')).toThrow(message);
});

test('takes entries in any order and puts them in that of their bytes', () => {
  const header = `{"late":{"dtype":"U8","shape":[1],"data_offsets":[8,9]},"early":${ONE}}`;
  const { entries } = parseSafetensorsHeader(new TextEncoder().encode(header), 9, 'x.safetensors');
  expect(entries.map(({ name, begin }) => [name, begin])).toEqual([
    ['early', 0],
    ['late', 8],
  ]);
});
