import { expect, test } from 'vitest';
import { encodeGguf, readGguf, TINY_LLAMA, TINY_LLAMA_TENSORS } from '../../../test/fixtures/tiny-gguf.ts';
import { readTensor } from '../weight-source.ts';
import type { TypedMetadata } from './encode-gguf.ts';

const ALL_TYPES: TypedMetadata = {
  u8: { type: 'uint8', value: 255 },
  i8: { type: 'int8', value: -128 },
  u16: { type: 'uint16', value: 65535 },
  i16: { type: 'int16', value: -3 },
  u32: { type: 'uint32', value: 4294967295 },
  i32: { type: 'int32', value: -5 },
  f32: { type: 'float32', value: 1e-5 },
  f64: { type: 'float64', value: Math.PI },
  u64: { type: 'uint64', value: 2 ** 52 },
  i64: { type: 'int64', value: -(2 ** 52) },
  bool: { type: 'bool', value: true },
  text: { type: 'string', value: 'Zoë ☃' },
  texts: { type: 'array', of: 'string', values: ['a', '', '▁b'] },
  numbers: { type: 'array', of: 'int32', values: [1, -2, 3] },
};

test('Every type of metadata is read as it was written', async () => {
  const { values, version } = await readGguf(encodeGguf(ALL_TYPES, []));
  expect(version).toBe(3);
  const expected = Object.entries(ALL_TYPES).map(([key, value]) => [
    key,
    value.type !== 'array' ? value.value : value.of === 'string' ? value.values : Int32Array.from(value.values),
  ]);
  expect([...values]).toEqual(expected);
});

test('Tensors are read with their shapes, types and bytes', async () => {
  const file = await readGguf(encodeGguf(TINY_LLAMA, TINY_LLAMA_TENSORS));
  expect([...file.tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual(
    TINY_LLAMA_TENSORS,
  );
  expect(file.tensors.get('token_embd.weight')!.byteLength).toBe(12 * 18);
  expect(await readTensor(file, 'blk.0.attn_q.weight')).toEqual(new Uint8Array(32 * 34).fill(1));
});

const tiny = () => encodeGguf({ key: { type: 'uint32', value: 7 } }, [{ name: 't', dtype: 'q4_0', shape: [2, 32] }]);

/** Offsets in `tiny()`: counts at 8 and 16, key at 24, its type at 35, the tensor's name at 43. */
function changed(at: number, ...bytes: number[]): Uint8Array {
  const file = tiny();
  file.set(bytes, at);
  return file;
}

const HUGE = [255, 255, 255, 255, 255, 255, 255, 255];
const MANY = [0, 0, 0, 1, 0, 0, 0, 0];

test.each([
  ['another format', changed(0, 0x50), 'Cannot read tiny.gguf: it does not begin with "GGUF"'],
  ['an empty file', new Uint8Array(0), 'Cannot read tiny.gguf: it has 0 bytes, wanted at least 24 of a GGUF file'],
  ['version 1', changed(4, 1), 'Cannot read tiny.gguf: it has version 1, wanted 2 or 3'],
  ['big-endian', changed(4, 0, 0, 0, 3), 'Cannot read tiny.gguf: it is big-endian, wanted little-endian'],
  [
    'more tensors than bytes',
    changed(8, ...MANY),
    'Cannot read tiny.gguf: 16777216 tensors, but its 160 bytes hold at most 6',
  ],
  [
    'a count beyond all',
    changed(16, ...HUGE),
    'the number of metadata values is 18446744073709551615, more than any file can hold',
  ],
  ['a long key', changed(24, ...MANY), 'a metadata key has 16777216 bytes, wanted at most'],
  ['a value of no type', changed(35, 13), '"key" is of type 13, wanted one below 13'],
  ['a key that is no UTF-8', changed(32, 0xff), 'a metadata key is not valid UTF-8'],
  ['too many dimensions', changed(52, 5), 'Cannot read tensor "t" of tiny.gguf: it has 5 dimensions, wanted at most 4'],
  ['rows of no whole blocks', changed(56, 33), 'its rows have 33 values, wanted whole blocks of 32 for q4_0'],
  ['a type that is not known', changed(72, 4), 'it is of type 4, known: float32, float16, q4_0'],
  ['an offset between', changed(76, 16), 'its offset is 16, wanted a multiple of 32'],
  ['an offset outside', changed(76, 64), 'it ends at byte 196, but the file has 160'],
  [
    'a shape of too many elements',
    changed(64, ...HUGE.slice(0, 6), 0x1f, 0),
    'has more elements than any file can hold',
  ],
])('A file with %s is refused', async (_, bytes, message) => {
  await expect(readGguf(bytes)).rejects.toThrow(message);
});

test('Tensors that overlap, and names that are there twice, are refused', async () => {
  const twice = encodeGguf({}, [
    { name: 'a', dtype: 'float32', shape: [8] },
    { name: 'b', dtype: 'float32', shape: [8] },
  ]);
  const renamed = twice.slice();
  // Counts take 24 bytes, the first tensor 33, the second one's name stands after its length of 8.
  renamed[24 + 33 + 8] = 0x61;
  await expect(readGguf(renamed)).rejects.toThrow('Cannot read tensor "a" of tiny.gguf: the name is there twice');
  const moved = twice.slice();
  moved[24 + 33 + 25] = 0;
  await expect(readGguf(moved)).rejects.toThrow('Cannot read tiny.gguf: tensors "a" and "b" overlap');
});
