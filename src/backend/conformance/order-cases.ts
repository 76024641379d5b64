import type { DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';

/** What is recorded runs in order: operations, writes, reads and releases among each other. */
export const orderCases: readonly ConformanceCase[] = [
  requirement('write', 'comes after the operations recorded before it', async (bench, check) => {
    const { backend } = bench;
    const [x, y, z] = [bench.put(Float32Array.of(1, 2, 3)), bench.output(3), bench.output(3)];
    backend.copy(y, x);
    backend.write(x, Float32Array.of(4, 5, 6));
    backend.copy(z, x);
    check.sameBits(await backend.read(y), Float32Array.of(1, 2, 3), 'copied before');
    check.sameBits(await backend.read(z), Float32Array.of(4, 5, 6), 'copied after');
  }),

  requirement('write', 'the caller may use its array again at once', async (bench, check) => {
    const array = Float32Array.of(1, 2, 3);
    const [x, y] = [bench.output(3), bench.output(3)];
    bench.backend.write(x, array);
    array.fill(9);
    bench.backend.write(y, array);
    array.fill(0);
    check.sameBits(await bench.backend.read(x), Float32Array.of(1, 2, 3), 'first');
    check.sameBits(await bench.backend.read(y), Float32Array.of(9, 9, 9), 'second');
  }),

  requirement('write', 'many, between operations on one buffer', async (bench, check) => {
    const [x, sum] = [bench.output(1), bench.put(Float32Array.of(0))];
    for (let i = 1; i <= 500; i++) {
      bench.backend.write(x, Float32Array.of(i));
      bench.backend.add(sum, sum, x);
    }
    check.sameBits(await bench.backend.read(sum), Float32Array.of((500 * 501) / 2));
  }),

  requirement('read', 'gives what was recorded before it, whatever is recorded after', async (bench, check) => {
    const { backend } = bench;
    const x = backend.allocate('float32', 3);
    backend.fill(x, 1);
    const first = backend.read(x);
    backend.fill(x, 2);
    const second = backend.read(x);
    backend.write(x, Float32Array.of(3, 4, 5));
    const third = backend.read(x);
    backend.release(x);
    const other = bench.put(Float32Array.of(6, 6, 6));
    const reads = await Promise.all([first, second, third]);
    check.sameBits(reads[0], Float32Array.of(1, 1, 1), 'first');
    check.sameBits(reads[1], Float32Array.of(2, 2, 2), 'second');
    check.sameBits(reads[2], Float32Array.of(3, 4, 5), 'third');
    check.sameBits(await backend.read(other), Float32Array.of(6, 6, 6), 'a buffer made after the release');
  }),

  requirement('read', 'several at once', async (bench, check) => {
    const parts = Array.from({ length: 20 }, (_, i) => randomFloats(i, 10 + i));
    const reads = parts.map((part) => bench.backend.read(bench.put(part)));
    for (const [i, numbers] of (await Promise.all(reads)).entries()) check.sameBits(numbers, parts[i]!, `read ${i}`);
  }),

  requirement('release', 'operations already recorded still run', async (bench, check) => {
    const { backend } = bench;
    const x = backend.allocate('float32', 1000);
    const y = bench.output(1000);
    backend.fill(x, 3);
    backend.add(y, x, x);
    backend.release(x);
    const z = bench.output(1000); // may take the place of x
    backend.fill(z, 7);
    check.sameBits(await backend.read(y), new Float32Array(1000).fill(6));
    check.sameBits(await backend.read(z), new Float32Array(1000).fill(7), 'a buffer made after the release');
  }),

  requirement('release', 'a write to a buffer that takes the place of another', async (bench, check) => {
    const { backend } = bench;
    const [x, y] = [backend.allocate('float32', 100), bench.output(100)];
    backend.fill(x, 3);
    backend.copy(y, x);
    backend.release(x);
    const z = bench.put(new Float32Array(100).fill(8));
    check.sameBits(await backend.read(y), new Float32Array(100).fill(3), 'copy');
    check.sameBits(await backend.read(z), new Float32Array(100).fill(8), 'later buffer');
  }),

  requirement('writeMatrix', 'comes after the operations recorded before it', async (bench, check) => {
    const { backend } = bench;
    const matrix = await bench.matrix('float32', 1, 2, Float32Array.of(1, 10));
    const [input, before, after] = [bench.put(Float32Array.of(2, 3)), bench.output(1), bench.output(1)];
    backend.linear(before, input, matrix, undefined);
    const data = new Uint8Array(Float32Array.of(4, 5).buffer);
    await backend.writeMatrix(matrix, { data, dtype: 'float32', order: 'rows', first: 0, count: 1 });
    backend.linear(after, input, matrix, undefined);
    check.sameBits(await backend.read(before), Float32Array.of(32), 'before');
    check.sameBits(await backend.read(after), Float32Array.of(23), 'after');
  }),

  requirement('synchronize', 'resolves with and without work', async (bench, check) => {
    await bench.backend.synchronize();
    const x = bench.output(5);
    bench.backend.fill(x, 1);
    await Promise.all([bench.backend.synchronize(), bench.backend.synchronize()]);
    check.sameBits(await bench.backend.read(x), new Float32Array(5).fill(1));
  }),

  requirement('synchronize', 'a long chain of operations runs in order', async (bench, check) => {
    const { backend } = bench;
    const length = 4097;
    let [x, y] = [bench.put(new Float32Array(length).fill(1)), bench.output(length)] as [DeviceBuffer, DeviceBuffer];
    const one = bench.put(Float32Array.of(1));
    for (let i = 0; i < 300; i++) {
      if (i % 2 === 0) backend.add(y, x, one);
      else backend.copy(y, x);
      [x, y] = [y, x];
    }
    check.sameBits(await backend.read(x), new Float32Array(length).fill(151));
  }),
];
