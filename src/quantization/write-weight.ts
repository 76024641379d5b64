import type { Weight } from '../tensor/weight.ts';

/** Gives a matrix other values (rows · columns), row-major. */
export async function writeWeight(weight: Weight, values: Float32Array): Promise<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  await weight.backend.writeMatrix(weight.matrix, {
    dtype: 'float32',
    order: 'rows',
    first: 0,
    count: weight.rows,
    data: async (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
  });
}
