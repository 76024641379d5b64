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
