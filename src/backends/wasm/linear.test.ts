import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../backend/backend.ts';
import { WEIGHT_DTYPES, type WeightDType } from '../../backend/dtype.ts';
import { float16ToNumber, numberToFloat16 } from '../../base/float16.ts';
import { createWasmBackend } from './wasm-backend.ts';

/** Numbers in ±0.5 that bfloat16 and float16 hold exactly, a few of them float16 subnormals. */
function exactNumbers(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = ((state >>> 24) - 128) / 256;
    return i % 31 === 0 ? value * 2 ** -14 : value;
  });
}

/** Numbers in ±scale that use all bits of float32. */
function anyNumbers(length: number, seed: number, scale: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

function toBytes(values: Float32Array, dtype: WeightDType): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(values.slice().buffer);
  const float16 = dtype === 'float16';
  const words = new Uint32Array(values.slice().buffer);
  return new Uint8Array(Uint16Array.from(values, (v, i) => (float16 ? numberToFloat16(v) : words[i]! >>> 16)).buffer);
}

interface Product {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly dtype: WeightDType;
  readonly scale: number;
}

/** The product of the same numbers for every dtype; with fewer rows, the first rows of the same input. */
async function multiply(backend: Backend, { rows, inputs, outputs, dtype, scale }: Product): Promise<Float32Array> {
  const matrix = backend.allocateMatrix(dtype, outputs, inputs);
  const data = toBytes(exactNumbers(outputs * inputs, 7), dtype);
  await backend.writeMatrix(matrix, { data, dtype, order: 'rows', first: 0, count: outputs });
  const input = backend.allocate('float32', rows * inputs);
  const bias = backend.allocate('float32', outputs);
  const output = backend.allocate('float32', rows * outputs);
  backend.write(input, anyNumbers(rows * inputs, 11, scale));
  backend.write(bias, anyNumbers(outputs, 13, scale));
  backend.linear(output, input, matrix, bias);
  const result = (await backend.read(output)) as Float32Array;
  for (const handle of [matrix, input, bias, output]) backend.release(handle);
  return result;
}

/** The defining chain in two roundings: `portable` gives these bits. */
function chain(input: Float32Array, weight: Float32Array, bias: Float32Array, inputs: number): Float32Array {
  const outputs = bias.length;
  return Float32Array.from({ length: (input.length / inputs) * outputs }, (_, i) => {
    const row = Math.floor(i / outputs) * inputs;
    const column = (i % outputs) * inputs;
    let sum = 0;
    for (let k = 0; k < inputs; k++) sum = Math.fround(sum + Math.fround(input[row + k]! * weight[column + k]!));
    return sum + bias[i % outputs]!;
  });
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 23, 24, 25, 47, 48, 95, 96];
const SHAPES = [
  { inputs: 1, outputs: 1 },
  { inputs: 5, outputs: 13 },
  { inputs: 33, outputs: 121 },
  { inputs: 75, outputs: 300 },
];

for (const numerics of ['fused', 'portable'] as const) {
  describe(`linear (${numerics})`, () => {
    const backends: Backend[] = [];
    beforeAll(async () => {
      for (const threads of [1, 2, 3]) backends.push(await createWasmBackend({ numerics, threads }));
    });
    afterAll(() => Promise.all(backends.map((backend) => backend.dispose())));

    test.each(SHAPES)('has the same bits for any rows, threads and dtype: $inputs to $outputs', async (shape) => {
      for (const scale of [1, 1e30]) {
        const expected = await multiply(backends[0]!, { ...shape, rows: 96, dtype: 'float32', scale });
        for (const backend of backends) {
          for (const dtype of WEIGHT_DTYPES) {
            for (const rows of ROWS) {
              const got = await multiply(backend, { ...shape, rows, dtype, scale });
              const same = sameBits(got, expected.subarray(0, rows * shape.outputs));
              expect(same, `${dtype}, ${rows} rows, ${backend.numThreads} threads`).toBe(true);
            }
          }
        }
      }
    });
  });
}

test('linear in portable numerics is one chain of multiplications and additions in order', async () => {
  const backend = await createWasmBackend({ numerics: 'portable', threads: 2 });
  const shape = { inputs: 33, outputs: 37 };
  const got = await multiply(backend, { ...shape, rows: 5, dtype: 'float16', scale: 1 });
  await backend.dispose();
  const weight = exactNumbers(37 * 33, 7).map((value) => float16ToNumber(numberToFloat16(value)));
  expect(got).toEqual(chain(anyNumbers(5 * 33, 11, 1), weight, anyNumbers(37, 13, 1), 33));
});
