import type { DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { requirement } from './make-case.ts';

export const scopeCases: readonly ConformanceCase[] = [
  requirement('scope', 'releases what was allocated inside, and only that', async (bench, check) => {
    const { backend } = bench;
    const outside = bench.put(Float32Array.of(1));
    const before = backend.memoryUsage().allocatedBytes;
    const inside = backend.scope(() => {
      backend.fill(backend.allocate('float32', 100), 1);
      return backend.allocate('int32', 7);
    });
    check.isTrue(backend.memoryUsage().allocatedBytes === before, 'memory is not back');
    await check.throws(() => backend.read(inside), 'use of a buffer after its scope');
    check.sameBits(await backend.read(outside), Float32Array.of(1), 'a buffer from before');
  }),

  requirement('scope', 'gives the result of its body, and what is kept outlives it', async (bench, check) => {
    const { backend } = bench;
    const kept = backend.scope((keep) => {
      const [x, y] = [backend.allocate('float32', 3), backend.allocate('float32', 3)];
      backend.fill(x, 2);
      backend.add(y, x, x);
      return keep(y);
    });
    check.sameBits(await backend.read(kept), Float32Array.of(4, 4, 4));
    backend.release(kept);
  }),

  requirement('scope', 'nested: what the inner keeps, the outer releases', async (bench, check) => {
    const { backend } = bench;
    const before = backend.memoryUsage().allocatedBytes;
    let [kept, lost]: [DeviceBuffer | undefined, DeviceBuffer | undefined] = [undefined, undefined];
    backend.scope(() => {
      const x = backend.allocate('float32', 2);
      backend.fill(x, 1);
      kept = backend.scope((keep) => {
        lost = backend.allocate('float32', 2);
        const y = keep(backend.allocate('float32', 2));
        backend.add(y, x, x);
        return y;
      });
      backend.add(x, x, kept);
    });
    await check.throws(() => backend.read(kept!), 'use of a buffer after the outer scope');
    await check.throws(() => backend.read(lost!), 'use of a buffer after the inner scope');
    check.isTrue(backend.memoryUsage().allocatedBytes === before, 'memory is not back');
  }),

  requirement('scope', 'nested: kept by both, it belongs to the caller', async (bench, check) => {
    const { backend } = bench;
    const kept = backend.scope((keepOuter) =>
      keepOuter(
        backend.scope((keepInner) => {
          const x = keepInner(backend.allocate('float32', 2));
          backend.fill(x, 5);
          return x;
        }),
      ),
    );
    check.sameBits(await backend.read(kept), Float32Array.of(5, 5));
    backend.release(kept);
  }),

  requirement('scope', 'releases everything, the kept too, when its body throws', async (bench, check) => {
    const { backend } = bench;
    const before = backend.memoryUsage().allocatedBytes;
    const failure = new Error('the body of a scope fails');
    let error: unknown;
    try {
      backend.scope((keep) => {
        keep(backend.allocate('float32', 2));
        backend.scope(() => {
          backend.allocate('float32', 3);
          throw failure;
        });
      });
    } catch (caught) {
      error = caught;
    }
    check.isTrue(error === failure, `got ${String(error)}, wanted the error of the body`);
    check.isTrue(backend.memoryUsage().allocatedBytes === before, 'memory is not back');
    const later = backend.allocate('float32', 2); // belongs to no scope any more
    backend.fill(later, 1);
    check.sameBits(await backend.read(later), Float32Array.of(1, 1));
    backend.release(later);
  }),

  requirement('scope', 'a buffer may be released inside', async (bench, check) => {
    const { backend } = bench;
    const before = backend.memoryUsage().allocatedBytes;
    backend.scope(() => backend.release(backend.allocate('float32', 9)));
    check.isTrue(backend.memoryUsage().allocatedBytes === before, 'memory is not back');
  }),

  requirement('scope', 'matrices and caches made inside stay', async (bench, check) => {
    const { backend } = bench;
    const [matrix, cache] = backend.scope(() => [
      bench.emptyMatrix('bfloat16', 2, 3),
      bench.cache({ numBlocks: 2, kvHeads: 1, headSize: 4 }),
    ]);
    check.sameBits(await backend.readMatrix(matrix), new Float32Array(6));
    backend.copyBlocks(cache, [{ from: 0, to: 1 }]);
    await backend.synchronize();
  }),

  requirement('scope', 'operations on its buffers still run after it', async (bench, check) => {
    const { backend } = bench;
    const total = bench.put(Float32Array.of(0));
    for (let i = 1; i <= 100; i++) {
      backend.scope(() => {
        const x = backend.allocate('float32', 1);
        backend.fill(x, i);
        backend.add(total, total, x);
      });
    }
    check.sameBits(await backend.read(total), Float32Array.of(5050));
  }),
];
