import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Backend } from '../../backend/backend.ts';
import { conformanceCases } from '../../backend/conformance.ts';
import { createReferenceBackend } from '../reference/reference-backend.ts';
import { createWasmBackend, type WasmBackendOptions } from './wasm-backend.ts';

const reference = createReferenceBackend();

/** As in a page that is not cross-origin isolated. */
async function withoutSharedMemory(options: WasmBackendOptions): Promise<Backend> {
  vi.stubGlobal('crossOriginIsolated', false);
  try {
    return await createWasmBackend(options);
  } finally {
    vi.unstubAllGlobals();
  }
}

/** Every address is beyond what a signed number of 32 bits holds. Pages that nobody touches cost nothing. */
async function above2GiB(options: WasmBackendOptions): Promise<Backend> {
  const backend = await createWasmBackend(options);
  backend.allocate('float32', 2 ** 29 + 1000);
  return backend;
}

const variants: Record<string, () => Promise<Backend>> = {
  'fused, 1 thread': () => createWasmBackend({ numerics: 'fused', threads: 1 }),
  'fused, 3 threads, above 2 GiB': () => above2GiB({ numerics: 'fused', threads: 3 }),
  'portable, 2 threads': () => createWasmBackend({ numerics: 'portable', threads: 2 }),
  'fused, no shared memory': () => withoutSharedMemory({ numerics: 'fused' }),
};

for (const [name, create] of Object.entries(variants)) {
  describe(`The WASM backend conforms (${name})`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.dispose());
    test.each(conformanceCases.map((it) => [it.name, it] as const))('%s', (_, it) => it.run(backend, reference));
  });
}

describe('The WASM backend', () => {
  let backend: Backend | undefined;
  afterEach(() => backend?.dispose());

  test('computes on the processors there are, unless told otherwise', async () => {
    backend = await createWasmBackend();
    expect(backend.name).toBe('wasm');
    expect(backend.numThreads).toBeGreaterThanOrEqual(1);
    expect(backend.numThreads).toBeLessThanOrEqual(16);
  });

  test('computes on one thread without shared memory, and says so when asked for more', async () => {
    backend = await withoutSharedMemory({});
    expect(backend.numThreads).toBe(1);
    await expect(withoutSharedMemory({ threads: 2 })).rejects.toThrow(
      'Cannot start the WASM backend: 2 threads, but this page is not cross-origin isolated and has one',
    );
  });

  test.each([0, 65, 1.5, Number.NaN])('rejects %s threads', async (threads) => {
    await expect(createWasmBackend({ threads })).rejects.toThrow(
      new RangeError(`Cannot start the WASM backend: ${threads} threads, wanted 1 to 64`),
    );
  });

  test('works with more threads than processors', async () => {
    backend = await createWasmBackend({ threads: 12 });
    const x = backend.allocate('float32', 5000);
    backend.fill(x, 1);
    for (let i = 0; i < 100; i++) backend.scale(x, x, i % 2 === 0 ? 2 : 0.5);
    expect(await backend.read(x)).toEqual(new Float32Array(5000).fill(1));
  });

  test('says what was wanted, what is in use and where memory ends when it is full', async () => {
    backend = await createWasmBackend({ threads: 1 });
    backend.allocateCache({ numBlocks: 1024, kvHeads: 8, headSize: 1024 }); // 1 GiB, never touched
    const allocate = () => backend!.allocateMatrix('float32', 48_000, 20_000);
    expect(allocate).toThrow(RangeError);
    expect(allocate).toThrow(
      /^Cannot allocate 3\.6 GiB for a float32 matrix of 48000 × 20000: 1\.0 GiB are in use, and WebAssembly memory ends at 4 GiB$/,
    );
    const x = backend.allocate('int32', 3);
    backend.fill(x, 7);
    expect(await backend.read(x)).toEqual(Int32Array.of(7, 7, 7));
  });

  test('keeps to a limit of memory', async () => {
    const limit = 8 * 2 ** 20;
    backend = await createWasmBackend({ threads: 1, memoryLimitBytes: limit });
    expect(() => backend!.allocate('float32', limit / 4)).toThrow(
      /^Cannot allocate 8 MiB for a buffer: .* and the limit is 8 MiB$/,
    );
    backend.allocate('float32', limit / 8);
    expect(backend.memoryUsage().reservedBytes).toBeLessThanOrEqual(limit);
    await expect(createWasmBackend({ memoryLimitBytes: 0 })).rejects.toThrow(
      new RangeError('Cannot start the WASM backend: memory limit of 0 bytes, wanted a positive integer'),
    );
  });

  test('writes and reads while operations are on their way', async () => {
    backend = await createWasmBackend({ threads: 2 });
    const slow = backend.allocate('float32', 2 ** 20);
    const x = backend.allocate('float32', 1000);
    const sum = backend.allocate('float32', 1000);
    backend.fill(slow, 0);
    backend.fill(sum, 0);
    const reads: Promise<Float32Array | Int32Array>[] = [];
    for (let i = 1; i <= 200; i++) {
      backend.activate(slow, slow, 'sigmoid');
      backend.write(x, new Float32Array(1000).fill(i));
      backend.add(sum, sum, x);
      if (i % 50 === 0) reads.push(backend.read(sum));
    }
    const seen = (await Promise.all(reads)).map((values) => new Set(values));
    expect(seen).toEqual([50, 100, 150, 200].map((n) => new Set([(n * (n + 1)) / 2])));
  });

  test('leaves the calling thread free', async () => {
    backend = await createWasmBackend({ threads: 1 });
    const x = backend.allocate('float32', 2 ** 22);
    for (let i = 0; i < 50; i++) backend.activate(x, x, 'gelu');
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await backend.read(x);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  test('stops for good, with the reason, when a kernel traps', async () => {
    backend = await createWasmBackend({ threads: 2 });
    const ints = (...values: number[]) => {
      const buffer = backend!.allocate('int32', values.length);
      backend!.write(buffer, Int32Array.from(values));
      return buffer;
    };
    const cache = backend.allocateCache({ numBlocks: 40, kvHeads: 1, headSize: 4 });
    const batch = {
      ...{
        numTokens: 1,
        numSequences: 1,
        maxBlocks: 40,
        queryStarts: ints(0, 1),
        keyLengths: ints(600),
        slots: ints(599),
      },
      blockTables: ints(...Array.from({ length: 40 }, (_, i) => i)),
    };
    const [q, output] = [backend.allocate('float32', 4), backend.allocate('float32', 4)];
    backend.fill(q, 1);
    backend.pagedAttention(output, q, cache, batch, { heads: 1, scale: 1, maxKeyLength: 16 }); // a lie
    await expect(backend.read(output)).rejects.toThrow(/^The WASM backend has stopped: thread \d: unreachable$/);
    await expect(backend.synchronize()).rejects.toThrow(/^The WASM backend has stopped/);
    await expect(backend.read(q)).rejects.toThrow(/^The WASM backend has stopped/);
  });

  test('rejects what is pending when it is disposed, and everything afterwards', async () => {
    backend = await createWasmBackend({ threads: 2 });
    const x = backend.allocate('float32', 2 ** 20);
    for (let i = 0; i < 30; i++) backend.activate(x, x, 'gelu');
    const pending = backend.read(x);
    const [first, second] = [backend.dispose(), backend.dispose()];
    await expect(pending).rejects.toThrow('The WASM backend is disposed');
    await Promise.all([first, second]);
    await expect(backend.read(x)).rejects.toThrow('Cannot read: the WASM backend is disposed');
    await expect(backend.synchronize()).rejects.toThrow('Cannot synchronize: the WASM backend is disposed');
    expect(() => backend!.allocate('float32', 1)).toThrow('Cannot allocate: the WASM backend is disposed');
    expect(() => backend!.fill(x, 1)).toThrow('the WASM backend is disposed');
    expect(backend.memoryUsage()).toMatchObject({ allocatedBytes: 0, reservedBytes: 0 });
  });
});
