import type { ConformanceCase } from './conformance-case.ts';
import { requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';

export const memoryCases: readonly ConformanceCase[] = [
  requirement('allocate', 'handles say what they are', async (bench, check) => {
    const buffer = bench.output(7);
    check.isTrue(buffer.kind === 'buffer' && buffer.dtype === 'float32' && buffer.length === 7, 'wrong float32 handle');
    const ints = bench.output(3, 'int32');
    check.isTrue(ints.kind === 'buffer' && ints.dtype === 'int32' && ints.length === 3, 'wrong int32 handle');
    const matrix = bench.emptyMatrix('float16', 5, 9);
    check.isTrue(matrix.kind === 'matrix' && matrix.dtype === 'float16', 'wrong matrix handle');
    check.isTrue(matrix.rows === 5 && matrix.columns === 9, 'wrong sizes of a matrix handle');
    check.isTrue(matrix.byteLength >= 2 * 5 * 9, `a matrix of 45 float16 in ${matrix.byteLength} bytes`);
    const cache = bench.cache({ numBlocks: 3, kvHeads: 2, headSize: 5 });
    check.isTrue(cache.kind === 'cache' && cache.numBlocks === 3, 'wrong cache handle');
    check.isTrue(cache.kvHeads === 2 && cache.headSize === 5, 'wrong sizes of a cache handle');
    check.isTrue(cache.byteLength >= 2 * 3 * 16 * 2 * 5 * 2, `a cache of 960 numbers in ${cache.byteLength} bytes`);
  }),

  requirement('allocate', 'rejects impossible sizes', async (bench, check) => {
    for (const length of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      await check.throws(() => bench.backend.allocate('float32', length), `${length} elements`);
    }
    await check.throws(() => bench.backend.allocateMatrix('float32', -1, 4), 'a matrix of −1 rows');
    await check.throws(() => bench.backend.allocateMatrix('float32', 4, 0.5), 'a matrix of half a column');
    const cache = { numBlocks: 4, kvHeads: 2, headSize: 8 };
    await check.throws(() => bench.backend.allocateCache({ ...cache, numBlocks: -1 }), 'a cache of −1 blocks');
    await check.throws(() => bench.backend.allocateCache({ ...cache, headSize: 0 }), 'a cache of heads of size 0');
  }),

  requirement('allocate', 'a RangeError when memory is exhausted, and memory as before', async (bench, check) => {
    const before = bench.backend.memoryUsage().allocatedBytes;
    let error: unknown;
    try {
      bench.backend.allocate('float32', 2 ** 50);
    } catch (caught) {
      error = caught;
    }
    check.isTrue(error instanceof RangeError, `got ${String(error)}, wanted a RangeError`);
    const after = bench.backend.memoryUsage().allocatedBytes;
    check.isTrue(after === before, `${after} bytes allocated after the error, wanted ${before}`);
  }),

  requirement('memoryUsage', 'counts what is alive', async (bench, check) => {
    const usage = () => bench.backend.memoryUsage().allocatedBytes;
    const empty = usage();
    const grownBy = (least: number, most: number, since: number, what: string) => {
      const grown = usage() - since;
      check.isTrue(grown >= least && grown <= most, `${what} took ${grown} bytes, wanted ${least} to ${most}`);
    };
    const buffer = bench.output(1000);
    grownBy(4000, 4000 + 256, empty, 'a buffer of 1000 float32');
    const withBuffer = usage();
    const matrix = bench.emptyMatrix('bfloat16', 32, 64);
    grownBy(matrix.byteLength, matrix.byteLength + 256, withBuffer, 'a matrix');
    const withMatrix = usage();
    const cache = bench.cache({ numBlocks: 4, kvHeads: 2, headSize: 8 });
    grownBy(cache.byteLength, cache.byteLength + 256, withMatrix, 'a cache');

    const { allocatedBytes, peakBytes, reservedBytes } = bench.backend.memoryUsage();
    check.isTrue(reservedBytes >= allocatedBytes, `${reservedBytes} bytes reserved, ${allocatedBytes} allocated`);
    check.isTrue(peakBytes >= allocatedBytes, `peak of ${peakBytes} bytes, ${allocatedBytes} allocated`);
    for (const handle of [matrix, buffer, cache]) bench.release(handle);
    check.isTrue(usage() === empty, `${usage()} bytes allocated after the release of all, wanted ${empty}`);
    const peakAfter = bench.backend.memoryUsage().peakBytes;
    check.isTrue(peakAfter >= peakBytes, `the peak fell from ${peakBytes} to ${peakAfter} bytes`);
  }),

  requirement('memoryUsage', 'the same after a thousand buffers have come and gone', async (bench, check) => {
    const cycle = async () => {
      for (let i = 0; i < 1000; i++) bench.release(bench.put(randomFloats(i, 1 + (i % 97))));
      await bench.backend.synchronize();
    };
    await cycle();
    const before = bench.backend.memoryUsage();
    await cycle();
    const after = bench.backend.memoryUsage();
    check.isTrue(after.allocatedBytes === before.allocatedBytes, 'allocated bytes have changed');
    check.isTrue(after.reservedBytes === before.reservedBytes, 'reserved bytes have changed');
  }),

  requirement('write', 'parts of a buffer', async (bench, check) => {
    const buffer = bench.put(Float32Array.of(1, 2, 3, 4, 5, 6, 7));
    bench.backend.write(buffer, Float32Array.of(30, 40), 2);
    bench.backend.write(buffer, Float32Array.of(70), 6);
    bench.backend.write(buffer, Float32Array.of(), 7);
    check.sameBits(await bench.backend.read(buffer), Float32Array.of(1, 2, 30, 40, 5, 6, 70));
    const ints = bench.put(Int32Array.of(1, -2, 3));
    bench.backend.write(ints, Int32Array.of(2147483647, -2147483648), 1);
    check.sameBits(await bench.backend.read(ints), Int32Array.of(1, 2147483647, -2147483648));
  }),

  requirement('write', 'keeps every bit', async (bench, check) => {
    const numbers = Float32Array.of(0, -0, 1e-45, -1e-39, Number.NaN, Number.POSITIVE_INFINITY, -3.4028234e38);
    check.sameBits(await bench.backend.read(bench.put(numbers)), numbers);
  }),

  requirement('read', 'into an array of the caller', async (bench, check) => {
    const buffer = bench.put(Float32Array.of(1, 2, 3));
    const target = new Float32Array(3);
    const filled = bench.backend.read(buffer, target);
    bench.backend.fill(buffer, 9);
    check.isTrue((await filled) === target, 'the result is not the target');
    check.sameBits(target, Float32Array.of(1, 2, 3));
    await check.throws(() => bench.backend.read(buffer, new Float32Array(2)), 'a target that is too short');
    await check.throws(() => bench.backend.read(buffer, new Int32Array(3)), 'a target of another dtype');
  }),

  requirement('write', 'large buffers', async (bench, check) => {
    const numbers = randomFloats(120, 1_000_003);
    check.sameBits(await bench.backend.read(bench.put(numbers)), numbers);
  }),

  requirement('write', 'rejects what does not fit', async (bench, check) => {
    const { backend } = bench;
    const [floats, ints] = [bench.put(Float32Array.of(1, 2, 3)), bench.put(Int32Array.of(1, 2, 3))];
    await check.throws(() => backend.write(floats, new Float32Array(4)), '4 elements in a buffer of 3');
    await check.throws(() => backend.write(floats, new Float32Array(2), 2), '2 elements from 2 in a buffer of 3');
    await check.throws(() => backend.write(floats, new Float32Array(1), -1), 'offset −1');
    await check.throws(() => backend.write(floats, new Int32Array(3)), 'int32 in a float32 buffer');
    await check.throws(() => backend.write(ints, new Float32Array(3)), 'float32 in an int32 buffer');
    check.sameBits(await backend.read(floats), Float32Array.of(1, 2, 3), 'after the errors');
    check.sameBits(await backend.read(ints), Int32Array.of(1, 2, 3), 'after the errors');
  }),

  requirement('read', 'gives a copy', async (bench, check) => {
    const buffer = bench.put(Int32Array.of(1, 2, 3));
    const first = await bench.backend.read(buffer);
    first.fill(9);
    check.sameBits(await bench.backend.read(buffer), Int32Array.of(1, 2, 3));
  }),

  requirement('readMatrix', 'gives a copy', async (bench, check) => {
    const matrix = await bench.matrix('float32', 1, 2, Float32Array.of(1, 2));
    const values = await bench.backend.readMatrix(matrix);
    values.fill(9);
    check.sameBits(await bench.backend.readMatrix(matrix), Float32Array.of(1, 2));
  }),

  requirement('read', 'an empty buffer', async (bench, check) => {
    check.sameBits(await bench.backend.read(bench.put(new Int32Array(0))), new Int32Array(0));
  }),

  requirement('release', 'a handle cannot be used or released again', async (bench, check) => {
    const { backend } = bench;
    const [gone, alive] = [backend.allocate('float32', 4), bench.output(4)];
    backend.release(gone);
    await check.throws(() => backend.release(gone), 'a second release');
    await check.throws(() => backend.write(gone, new Float32Array(4)), 'write after release');
    await check.throws(() => backend.read(gone), 'read after release');
    await check.throws(() => backend.fill(gone, 1), 'an output after release');
    await check.throws(() => backend.copy(alive, gone), 'an input after release');
    const matrix = backend.allocateMatrix('float32', 2, 4);
    backend.release(matrix);
    await check.throws(() => backend.release(matrix), 'a second release of a matrix');
    await check.throws(() => backend.readMatrix(matrix), 'readMatrix after release');
    await check.throws(() => backend.linear(bench.output(2), alive, matrix, undefined), 'a weight after release');
    const cache = backend.allocateCache({ numBlocks: 1, kvHeads: 1, headSize: 1 });
    backend.release(cache);
    await check.throws(() => backend.release(cache), 'a second release of a cache');
    await check.throws(() => backend.copyBlocks(cache, []), 'a cache after release');
  }),

  requirement('release', 'a handle of another backend is rejected', async (bench, check, reference) => {
    if (reference === bench.backend) return;
    const foreign = reference.allocate('float32', 4);
    try {
      await check.throws(() => bench.backend.fill(foreign, 1), 'fill');
      await check.throws(() => bench.backend.copy(bench.output(4), foreign), 'copy');
      await check.throws(() => bench.backend.read(foreign), 'read');
      await check.throws(() => bench.backend.release(foreign), 'release');
    } finally {
      reference.release(foreign);
    }
  }),

  requirement('release', 'what other buffers hold stays', async (bench, check) => {
    const numbers = Array.from({ length: 40 }, (_, i) => randomInts(i, 1 + ((i * 37) % 90), 1000));
    const buffers = numbers.map((it) => bench.put(it));
    for (let i = 0; i < 40; i += 3) bench.release(buffers[i]!);
    const added = numbers.map((it) => bench.put(it.map((x) => -x)));
    for (const [i, buffer] of buffers.entries()) {
      if (i % 3 !== 0) check.sameBits(await bench.backend.read(buffer), numbers[i]!, `buffer ${i}`);
    }
    for (const [i, buffer] of added.entries()) {
      const wanted = numbers[i]!.map((x) => -x);
      check.sameBits(await bench.backend.read(buffer), wanted, `later buffer ${i}`);
    }
  }),
];
