import type { CacheBlocks } from '../backend.ts';
import { CACHE_DTYPES, type CacheDType } from '../dtype.ts';
import { describeHeads, HEAD_SIZES, type HeadSizes } from './attention-heads.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { concatenate, randomFloats } from './numbers.ts';
import {
  attendStep,
  type PagedOptions,
  type PagedSequence,
  pagedSequences,
  runInChunks,
  runStep,
  staleCache,
  storeStep,
} from './paged-sequences.ts';
import type { Workbench } from './workbench.ts';

const NARROW = CACHE_DTYPES.filter((dtype) => dtype !== 'float32');
const SMALL: HeadSizes = { heads: 4, kvHeads: 2, headSize: 8 };
const ODD: HeadSizes = { heads: 3, kvHeads: 3, headSize: 5 };

/** Caches that hold keys and values in less than float32. */
export const narrowCacheCases: readonly ConformanceCase[] = NARROW.flatMap((dtype) => [
  ...HEAD_SIZES.flatMap((heads) => [referenceCase({ ...heads, dtype }), roundedCase({ ...heads, dtype })]),
  ...[SMALL, ODD].flatMap((heads) => [
    chunksCase({ ...heads, dtype }),
    windowCase({ ...heads, dtype }),
    copyCase({ ...heads, dtype }),
    roundTripCase({ ...heads, dtype }),
  ]),
  hardNumbersCase(dtype),
  nanCase(dtype),
]);

function describe({ dtype, ...heads }: PagedOptions): string {
  return `${dtype} cache, ${describeHeads(heads)}`;
}

function referenceCase(options: PagedOptions): ConformanceCase {
  return compareWithReference({
    op: 'pagedAttention',
    of: describe(options),
    compute: async (bench) => {
      const [sequence] = pagedSequences([53], options) as [PagedSequence];
      const cache = staleCache(bench, options);
      const start = await runStep(bench, cache, [{ sequence, numComputed: 0, numNew: 50 }], options);
      return concatenate([start, await runStep(bench, cache, [{ sequence, numComputed: 50, numNew: 3 }], options)]);
    },
  });
}

/** What comes of a narrow cache is what comes of a float32 cache of the rounded numbers. */
function roundedCase(options: PagedOptions): ConformanceCase {
  const what = `the same bits as over the rounded numbers, ${describe(options)}`;
  return requirement('pagedAttention', what, async (bench, check) => {
    const [sequence] = pagedSequences([37], options) as [PagedSequence];
    const rounded = { ...sequence, ...(await roundedBy(bench, sequence, options)) };
    const wanted = await runInChunks(bench, rounded, [37], { ...options, dtype: 'float32' });
    check.sameBits(await runInChunks(bench, sequence, [37], options), wanted);
  });
}

/** The keys and values of a sequence as a cache gives them back. */
async function roundedBy(bench: Workbench, sequence: PagedSequence, options: PagedOptions): Promise<CacheBlocks> {
  const cache = staleCache(bench, options);
  storeStep(bench, cache, [{ sequence, numComputed: 0, numNew: sequence.numTokens }]);
  const { keys, values } = await bench.backend.readBlocks(cache, sequence.blockTable);
  const { length } = sequence.keys;
  return { keys: keys.slice(0, length), values: values.slice(0, length) };
}

function chunksCase(options: PagedOptions): ConformanceCase {
  const what = `same bits in one piece, in chunks and token by token, ${describe(options)}`;
  return requirement('pagedAttention', what, async (bench, check) => {
    const [sequence, other] = pagedSequences([49, 20], options) as [PagedSequence, PagedSequence];
    const whole = await runInChunks(bench, sequence, [49], options);
    for (const chunks of [[1], [7, 12, 1], [31, 2]])
      check.sameBits(await runInChunks(bench, sequence, chunks, options), whole, `chunks of ${chunks}`);
    const cache = staleCache(bench, options);
    const steps = [other, sequence].map((one) => ({ sequence: one, numComputed: 0, numNew: one.numTokens }));
    const together = await runStep(bench, cache, steps, options);
    check.sameBits(together.subarray(20 * options.heads * options.headSize), whole, 'beside another sequence');
  });
}

function windowCase(options: PagedOptions): ConformanceCase {
  const windowed = { ...options, window: 19 };
  return compareWithReference({
    op: 'pagedAttention',
    of: `a window of 19, ${describe(options)}`,
    compute: async (bench) => runInChunks(bench, pagedSequences([70], options)[0]!, [33], windowed),
  });
}

function copyCase(options: PagedOptions): ConformanceCase {
  return requirement(
    'copyBlocks',
    `a copied sequence gives the same bits, ${describe(options)}`,
    async (bench, check) => {
      const [original, other] = pagedSequences([40, 40], options) as [PagedSequence, PagedSequence];
      const copy = { ...original, blockTable: other.blockTable };
      const cache = staleCache(bench, options);
      storeStep(bench, cache, [{ sequence: original, numComputed: 0, numNew: 40 }]);
      const pairs = original.blockTable.map((from, i) => ({ from, to: copy.blockTable[i]! }));
      bench.backend.copyBlocks(cache, pairs);
      const attend = (sequence: PagedSequence) =>
        attendStep(bench, cache, [{ sequence, numComputed: 38, numNew: 2 }], options);
      check.sameBits(await attend(copy), await attend(original));
    },
  );
}

function roundTripCase(options: PagedOptions): ConformanceCase {
  return requirement(
    'writeBlocks',
    `what readBlocks gave is the same again, ${describe(options)}`,
    async (bench, check) => {
      const [original, other] = pagedSequences([32, 32], options) as [PagedSequence, PagedSequence];
      const cache = staleCache(bench, options);
      storeStep(bench, cache, [{ sequence: original, numComputed: 0, numNew: 32 }]);
      const blocks = await bench.backend.readBlocks(cache, original.blockTable);
      await bench.backend.writeBlocks(cache, other.blockTable, blocks);
      const again = await bench.backend.readBlocks(cache, other.blockTable);
      check.sameBits(again.keys, blocks.keys, 'keys');
      check.sameBits(again.values, blocks.values, 'values');
    },
  );
}

/** Numbers of all sizes, the largest first in each key; some that every type rounds. */
function hardNumbersCase(dtype: CacheDType): ConformanceCase {
  const headSize = 7;
  const numTokens = 32;
  return compareWithReference({
    op: 'readBlocks',
    of: `numbers of all sizes, ${dtype} cache`,
    rowLength: headSize,
    compute: async (bench) => {
      const options = { heads: 1, kvHeads: 1, headSize, dtype };
      const scaled = (seed: number) =>
        randomFloats(seed, numTokens * headSize).map((x, i) => x * 2 ** ((Math.floor(i / headSize) % 32) - 20));
      const [sequence] = pagedSequences([numTokens], options) as [PagedSequence];
      const hard = { ...sequence, keys: scaled(210), values: scaled(211) };
      hard.keys.set([0, -0, 0, 0, 0, 0, 0, 127, -63.5, 0.5, 1.5, 2.5, -0.5, 1e-40]);
      const { keys, values } = await roundedBy(bench, hard, options);
      return concatenate([keys, values]);
    },
  });
}

function nanCase(dtype: CacheDType): ConformanceCase {
  return requirement('storeKeysValues', `NaN and infinities are not hidden, ${dtype} cache`, async (bench, check) => {
    const options = { heads: 1, kvHeads: 1, headSize: 4, dtype };
    const [sequence] = pagedSequences([2], options) as [PagedSequence];
    const values = Float32Array.of(1, Number.NaN, 2, 3, 1, 1, Number.POSITIVE_INFINITY, 1);
    const { values: got } = await roundedBy(bench, { ...sequence, values }, options);
    check.isTrue(Number.isNaN(got[1]), `${got[1]} in place of NaN`);
    check.isTrue(!Number.isFinite(got[6]), `${got[6]} in place of infinity`);
  });
}
