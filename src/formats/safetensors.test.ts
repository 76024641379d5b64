import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSafetensors, encodeSafetensorsHeader } from './encode-safetensors.ts';
import { openSafetensors } from './safetensors.ts';
import { readFloat32, readTensor } from './weight-source.ts';

let folder: string;
let location: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  location = join(folder, 'x.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

/** Opens a file made of a header, written as it is, and so many bytes of data. */
async function open(header: string | Uint8Array, dataLength = 0, headerLength?: bigint) {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  await writeFile(location, bytes);
  return openSafetensors(location);
}

const ONE = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

test('reads names, shapes, metadata and parts of tensors, and only what it is asked for', async () => {
  await writeFile(
    location,
    encodeSafetensors(
      [
        { name: 'b', dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        { name: 'a', dtype: 'int8', shape: [3], data: Int8Array.of(-1, 0, 1) },
        { name: 'none', dtype: 'float32', shape: [0, 7], data: new Float32Array() },
        { name: 'scalar', dtype: 'float64', shape: [], data: Float64Array.of(0.5) },
      ],
      { format: 'pt', made: 'here' },
    ),
  );
  const source = await openSafetensors(location);
  expect([...source.tensors.keys()]).toEqual(['b', 'a', 'none', 'scalar']);
  expect(source.tensors.get('b')).toEqual({ name: 'b', dtype: 'float32', shape: [2, 2], byteLength: 16, location });
  expect(source.metadata).toEqual(
    new Map([
      ['format', 'pt'],
      ['made', 'here'],
    ]),
  );
  const part = new Uint8Array(4);
  await source.read('b', part, 8);
  expect(new Float32Array(part.buffer)[0]).toBe(3);
  expect([...(await readTensor(source, 'a'))]).toEqual([255, 0, 1]);
  expect(await readFloat32(source, 'none')).toHaveLength(0);
  expect(await readFloat32(source, 'scalar')).toEqual(Float32Array.of(0.5));
  await source.close();
});

test('reads every float dtype as float32', async () => {
  await writeFile(
    location,
    encodeSafetensors([
      { name: 'double', dtype: 'float64', shape: [2], data: Float64Array.of(0.1, -2) },
      { name: 'single', dtype: 'float32', shape: [2], data: Float32Array.of(0.1, -2) },
      { name: 'half', dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0x0001) },
      { name: 'brain', dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3f80, 0xc040) },
      { name: 'whole', dtype: 'int32', shape: [1], data: Int32Array.of(1) },
    ]),
  );
  const source = await openSafetensors(location);
  expect(await readFloat32(source, 'double')).toEqual(Float32Array.of(0.1, -2));
  expect(await readFloat32(source, 'single')).toEqual(Float32Array.of(0.1, -2));
  expect(await readFloat32(source, 'half')).toEqual(Float32Array.of(1, 2 ** -24));
  expect(await readFloat32(source, 'brain')).toEqual(Float32Array.of(1, -3));
  await expect(readFloat32(source, 'whole')).rejects.toThrow(
    new TypeError(
      `Cannot read tensor "whole" of ${location} as float32: it is int32, wanted a float of 16, 32 or 64 bits`,
    ),
  );
  await source.close();
});

test('a header may be padded, unordered in its names, and have further keys', async () => {
  const source = await open(
    '{"late":{"dtype":"U8","shape":[1],"data_offsets":[8,9],"note":1},"early":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   ',
    9,
  );
  expect([...source.tensors.keys()]).toEqual(['early', 'late']);
  await source.close();
});

test('"__proto__" is a name like any other', async () => {
  const source = await open(`{"__proto__":${ONE}}`, 8);
  expect(await readFloat32(source, '__proto__')).toEqual(Float32Array.of(0, 0));
  expect(({} as { dtype?: unknown }).dtype).toBeUndefined();
  await source.close();
});

test('a read outside a tensor and an unknown name throw', async () => {
  const source = await open(`{"weight":${ONE}}`, 8);
  await expect(source.read('weight', new Uint8Array(4), 6)).rejects.toThrow(
    new RangeError(`Cannot read tensor "weight" of ${location}: bytes 6 to 10 wanted, but it has 8`),
  );
  await expect(source.read('weight', new Uint8Array(4), -4)).rejects.toThrow(RangeError);
  await expect(source.read('wieght', new Uint8Array(4), 0)).rejects.toThrow(
    new RangeError(`Cannot find tensor "wieght" in ${location}, did you mean "weight"?`),
  );
  await source.close();
});

describe('refuses', () => {
  const entry = (dtype: unknown, shape: unknown, offsets: unknown) =>
    JSON.stringify({ a: { dtype, shape, data_offsets: offsets } });
  const tensor = 'Cannot read tensor "a" of FILE: ';
  const cases: [what: string, header: string | Uint8Array, dataLength: number, message: string][] = [
    ['an empty header', '', 0, 'Cannot read FILE: the header starts with nothing, wanted "{"'],
    ['a header that is no object', '[]', 0, 'Cannot read FILE: the header starts with byte 0x5b, wanted "{"'],
    ['a byte order mark', '\uFEFF{}', 0, 'Cannot read FILE: the header starts with byte 0xef, wanted "{"'],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 0, 'Cannot read FILE: the header is not valid UTF-8'],
    ['what is not JSON', '{"a":}', 0, 'Cannot read FILE: the header is not JSON: '],
    ['deep nesting', '{"a":[[[1]]]}', 0, 'Cannot read FILE: the header nests deeper than 3 levels'],
    ['a name twice', `{"a":${ONE},"\\u0061":${ONE}}`, 8, 'Cannot read FILE: the header has the name "a" twice'],
    [
      'a key twice in an entry',
      '{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,4]}}',
      4,
      'Cannot read FILE: the header has the name "dtype" twice',
    ],
    ['an entry that is no object', '{"a":[1]}', 0, `${tensor}its entry is [1], wanted an object`],
    ['an entry that is null', '{"a":null}', 0, `${tensor}its entry is null, wanted an object`],
    [
      'metadata that is no object',
      '{"__metadata__":"x"}',
      0,
      'Cannot read FILE: "__metadata__" is "x", wanted an object of strings',
    ],
    [
      'metadata that is no string',
      '{"__metadata__":{"x":1}}',
      0,
      'Cannot read FILE: "__metadata__" has 1 for "x", wanted a string',
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
    [
      'a product beyond 2^53',
      entry('F32', Array(8).fill(2 ** 52), [0, 8]),
      8,
      `${tensor}its shape (4503599627370496, `,
    ],
    [
      'offsets that are missing',
      entry('F32', [2], undefined),
      8,
      `${tensor}its data_offsets are missing, wanted two whole numbers`,
    ],
    [
      'three offsets',
      entry('F32', [2], [0, 8, 8]),
      8,
      `${tensor}its data_offsets are [0,8,8], wanted two whole numbers`,
    ],
    [
      'a negative offset',
      entry('F32', [2], [-8, 0]),
      8,
      `${tensor}its data_offsets are [-8,0], wanted two whole numbers`,
    ],
    [
      'offsets that run backwards',
      entry('F32', [2], [8, 0]),
      8,
      `${tensor}its data_offsets run backwards, from 8 to 0`,
    ],
    [
      'offsets past the end',
      entry('F32', [2], [0, 8]),
      7,
      `${tensor}it ends at byte 8 of the data, but the file has 7`,
    ],
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
      'Cannot read FILE: tensors "a" and "b" overlap',
    ],
    ['tensors on the same bytes', `{"a":${ONE},"b":${ONE}}`, 8, 'Cannot read FILE: tensors "a" and "b" overlap'],
    [
      'a hole before the first',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}',
      4,
      'Cannot read FILE: 3 bytes between the header and "a" are unused',
    ],
    [
      'a hole',
      `{"a":${ONE},"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`,
      10,
      'Cannot read FILE: 1 bytes between "a" and "b" are unused',
    ],
    [
      'bytes after the last',
      `{"a":${ONE}}`,
      11,
      'Cannot read FILE: its tensors end at byte 8 of the data, but the file has 11',
    ],
  ];

  test.each(cases)('%s', async (_what, header, dataLength, message) => {
    await expect(open(header, dataLength)).rejects.toThrow(message.replace('FILE', location));
  });

  test('a file without room for a length', async () => {
    await writeFile(location, 'short');
    await expect(openSafetensors(location)).rejects.toThrow(
      new RangeError(`Cannot read ${location}: it has 5 bytes, wanted at least 8 of a safetensors file`),
    );
  });

  test.each([3n, 900n, 2n ** 64n - 1n])('a header of %d bytes that the file does not have', async (length) => {
    await expect(open('{}', 0, length)).rejects.toThrow(
      `Cannot read ${location}: header of ${Number(length)} bytes, but the file has 2 after its length`,
    );
  });

  test('a header longer than 100 MB', async () => {
    await writeFile(location, Uint8Array.of(1, 0xe1, 0xf5, 5, 0, 0, 0, 0));
    await truncate(location, 200_000_000);
    await expect(openSafetensors(location)).rejects.toThrow(
      new RangeError(`Cannot read ${location}: header of 100000001 bytes, wanted at most 100000000`),
    );
  });

  test('a file that is not there', async () => {
    await expect(openSafetensors(`${location}.gone`)).rejects.toThrow(
      `Cannot open ${location}.gone: there is no such file`,
    );
  });
});

test('writing refuses a name twice and bytes that are not the shape', () => {
  const a = { name: 'a', dtype: 'float32', shape: [2] } as const;
  expect(() => encodeSafetensorsHeader([a, a])).toThrow('Cannot write tensor "a": the name is taken');
  expect(() => encodeSafetensors([{ ...a, data: new Float32Array(3) }])).toThrow(
    'Cannot write tensor "a": 12 bytes, wanted 8',
  );
});

test('a written header is a multiple of 8 bytes', () => {
  for (let length = 0; length < 9; length++) {
    const header = encodeSafetensorsHeader([{ name: 'x'.repeat(length), dtype: 'bool', shape: [1] }]);
    expect(header.length % 8).toBe(0);
  }
});

test('any mutation of a file is read or refused with an error that names it', async () => {
  const valid = encodeSafetensors([
    { name: 'a', dtype: 'float32', shape: [2, 3], data: new Float32Array(6) },
    { name: 'b', dtype: 'float16', shape: [1], data: new Uint16Array(1) },
  ]);
  const mutation = fc.record({
    at: fc.nat(valid.length - 1),
    removed: fc.nat(8),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('{', '}', '"', '9', '-', ',', '[', '1e9').map((text) => new TextEncoder().encode(text)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
      let bytes: number[] = [...valid];
      for (const { at, removed, bytes: inserted } of mutations) bytes = bytes.toSpliced(at, removed, ...inserted);
      await writeFile(location, Uint8Array.from(bytes));
      const source = await openSafetensors(location).catch((error: Error) => error);
      if (source instanceof Error) {
        expect(source.message).toMatch(/^Cannot read /);
        expect(source.message).toContain(location);
        return;
      }
      const sizes = [...source.tensors.values()].map(({ byteLength }) => byteLength);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(bytes.length);
      for (const name of source.tensors.keys()) await readTensor(source, name);
      await source.close();
    }),
    { numRuns: 300 },
  );
});
