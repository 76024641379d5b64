import { CACHE_BLOCK_SIZE, type CacheBlocks, type DeviceCache } from '../backend.ts';
import { cacheBlocksLength } from '../check-blocks.ts';
import { describeHeads, HEAD_SIZES, type HeadSizes } from './attention-heads.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { requirement } from './make-case.ts';
import { concatenate, randomFloats, randomPermutation } from './numbers.ts';
import {
  attendStep,
  NUM_BLOCKS,
  type PagedSequence,
  pagedSequences,
  staleCache,
  storeStep,
} from './paged-sequences.ts';
import type { Workbench } from './workbench.ts';

const SMALL: HeadSizes = { heads: 3, kvHeads: 3, headSize: 5 };

/** Blocks of the cache leave and return: to the bit, in one layout for all backends. */
export const cacheBlockCases: readonly ConformanceCase[] = [
  ...HEAD_SIZES.flatMap((heads) => [storedCase(heads), roundTripCase(heads), attentionCase(heads)]),
  largeCase(),
  snapshotCase(),
  orderCase(),
  zerosCase(),
  noBlocksCase(),
  badBlocksCase(),
  badDataCase(),
  releasedCase(),
];

function storedCase(heads: HeadSizes): ConformanceCase {
  return requirement('readBlocks', `what storeKeysValues has stored, ${describeHeads(heads)}`, async (bench, check) => {
    const sequences = pagedSequences([32, 16], heads) as [PagedSequence, PagedSequence];
    const cache = staleCache(bench, heads);
    storeStep(
      bench,
      cache,
      sequences.map((sequence) => ({ sequence, numComputed: 0, numNew: sequence.numTokens })),
    );
    const blocks = sequences.flatMap(({ blockTable }) => blockTable);
    const { keys, values } = await bench.backend.readBlocks(cache, blocks);
    check.sameBits(keys, concatenate(sequences.map((it) => it.keys)), 'keys');
    check.sameBits(values, concatenate(sequences.map((it) => it.values)), 'values');
    const [last] = blocks.slice(-1) as [number];
    const twice = await bench.backend.readBlocks(cache, [last, last]);
    check.sameBits(twice.keys, concatenate([sequences[1].keys, sequences[1].keys]), 'keys of one block twice');
  });
}

function roundTripCase(heads: HeadSizes): ConformanceCase {
  return requirement('writeBlocks', `readBlocks gives them back, ${describeHeads(heads)}`, async (bench, check) => {
    const cache = cacheFor(bench, heads);
    const [blocks, others] = [
      randomPermutation(91, NUM_BLOCKS).slice(0, 7),
      randomPermutation(91, NUM_BLOCKS).slice(7, 9),
    ];
    const [written, kept] = [randomBlocks(200, heads, 7), randomBlocks(202, heads, 2)];
    written.keys.set(HARD.slice(0, written.keys.length));
    written.values.set(HARD.slice(0, written.values.length));
    await bench.backend.writeBlocks(cache, others, kept);
    await bench.backend.writeBlocks(cache, blocks, randomBlocks(204, heads, 7));
    await bench.backend.writeBlocks(cache, blocks, written);
    const [got, gotOthers] = await Promise.all([
      bench.backend.readBlocks(cache, blocks),
      bench.backend.readBlocks(cache, others),
    ]);
    check.sameBits(got.keys, written.keys, 'keys');
    check.sameBits(got.values, written.values, 'values');
    check.sameBits(gotOthers.keys, kept.keys, 'keys of other blocks');
    check.sameBits(gotOthers.values, kept.values, 'values of other blocks');
  });
}

/** A sequence goes on in another cache, in other blocks. */
function attentionCase(heads: HeadSizes): ConformanceCase {
  return requirement('writeBlocks', `attention sees the same bits, ${describeHeads(heads)}`, async (bench, check) => {
    const [original, other] = pagedSequences([40, 40], heads) as [PagedSequence, PagedSequence];
    const [from, to] = [staleCache(bench, heads), staleCache(bench, heads)];
    storeStep(bench, from, [{ sequence: original, numComputed: 0, numNew: 40 }]);
    const data = await bench.backend.readBlocks(from, original.blockTable);
    await bench.backend.writeBlocks(to, other.blockTable, data);
    const moved = { ...original, blockTable: other.blockTable };
    const wanted = await attendStep(bench, from, [{ sequence: original, numComputed: 37, numNew: 3 }], heads);
    check.sameBits(await attendStep(bench, to, [{ sequence: moved, numComputed: 37, numNew: 3 }], heads), wanted);
  });
}

function largeCase(): ConformanceCase {
  return requirement('writeBlocks', '64 blocks of 8 heads of 128', async (bench, check) => {
    const heads = { heads: 8, kvHeads: 8, headSize: 128 };
    const cache = cacheFor(bench, heads);
    const [blocks, data] = [randomPermutation(92, NUM_BLOCKS), randomBlocks(206, heads, NUM_BLOCKS)];
    await bench.backend.writeBlocks(cache, blocks, data);
    const got = await bench.backend.readBlocks(cache, blocks);
    check.sameBits(got.keys, data.keys, 'keys');
    check.sameBits(got.values, data.values, 'values');
  });
}

function snapshotCase(): ConformanceCase {
  return requirement('readBlocks', 'gives what was recorded before it, whatever is after', async (bench, check) => {
    const { backend } = bench;
    const [sequence, other] = pagedSequences([16, 16], SMALL) as [PagedSequence, PagedSequence];
    const cache = backend.allocateCache({ numBlocks: NUM_BLOCKS, kvHeads: SMALL.kvHeads, headSize: SMALL.headSize });
    const block = sequence.blockTable[0]!;
    storeStep(bench, cache, [{ sequence, numComputed: 0, numNew: 16 }]);
    const first = backend.readBlocks(cache, [block]);
    const replaced = { ...other, blockTable: sequence.blockTable };
    storeStep(bench, cache, [{ sequence: replaced, numComputed: 0, numNew: 16 }]);
    const second = backend.readBlocks(cache, [block]);
    backend.release(cache);
    bench.output(cacheBlocksLength(cache, NUM_BLOCKS)); // may take its place
    const [before, after] = await Promise.all([first, second]);
    check.sameBits(before.keys, sequence.keys, 'first');
    check.sameBits(after.values, other.values, 'second');
  });
}

function orderCase(): ConformanceCase {
  return requirement('writeBlocks', 'comes after the operations recorded before it', async (bench, check) => {
    const { backend } = bench;
    const [sequence] = pagedSequences([16], SMALL) as [PagedSequence];
    const [block] = sequence.blockTable as [number];
    const cache = cacheFor(bench, SMALL);
    const data = randomBlocks(208, SMALL, 1);
    for (let i = 0; i < 20; i++) storeStep(bench, cache, [{ sequence, numComputed: 0, numNew: 16 }]);
    backend.copyBlocks(cache, [{ from: block, to: (block + 1) % NUM_BLOCKS }]);
    await backend.writeBlocks(cache, [block], data);
    backend.copyBlocks(cache, [{ from: block, to: (block + 2) % NUM_BLOCKS }]);
    const read = async (number: number) => (await backend.readBlocks(cache, [number % NUM_BLOCKS])).values;
    check.sameBits(await read(block), data.values, 'the block');
    check.sameBits(await read(block + 1), sequence.values, 'a copy made before');
    check.sameBits(await read(block + 2), data.values, 'a copy made after');
  });
}

function zerosCase(): ConformanceCase {
  return requirement('allocateCache', 'all blocks of a new cache read as zeros', async (bench, check) => {
    for (let i = 0; i < 2; i++) {
      const cache = cacheFor(bench, SMALL);
      const all = Array.from({ length: NUM_BLOCKS }, (_, block) => block);
      const { keys, values } = await bench.backend.readBlocks(cache, all);
      const zeros = new Float32Array(cacheBlocksLength(cache, NUM_BLOCKS));
      check.sameBits(keys, zeros, 'keys');
      check.sameBits(values, zeros, 'values');
      await bench.backend.writeBlocks(cache, all, randomBlocks(210, SMALL, NUM_BLOCKS));
      bench.release(cache); // the next one takes its place
    }
  });
}

function noBlocksCase(): ConformanceCase {
  return requirement('readBlocks', 'no blocks', async (bench, check) => {
    const cache = cacheFor(bench, SMALL);
    const nothing = { keys: new Float32Array(0), values: new Float32Array(0) };
    await bench.backend.writeBlocks(cache, [], nothing);
    const got = await bench.backend.readBlocks(cache, []);
    check.sameBits(got.keys, nothing.keys);
    check.sameBits(got.values, nothing.values);
  });
}

function badBlocksCase(): ConformanceCase {
  return requirement(
    'readBlocks',
    'rejects blocks that are not there, and so does writeBlocks',
    async (bench, check) => {
      const cache = cacheFor(bench, SMALL);
      const data = randomBlocks(212, SMALL, 2);
      for (const wrong of [-1, NUM_BLOCKS, 0.5, Number.NaN]) {
        await check.throws(() => bench.backend.readBlocks(cache, [0, wrong]), `reading block ${wrong}`);
        await check.throws(() => bench.backend.writeBlocks(cache, [0, wrong], data), `writing block ${wrong}`);
      }
      const { keys } = await bench.backend.readBlocks(cache, [0]);
      check.sameBits(keys, new Float32Array(keys.length), 'block 0 after the errors');
    },
  );
}

function badDataCase(): ConformanceCase {
  return requirement('writeBlocks', 'rejects data that do not fit', async (bench, check) => {
    const cache = cacheFor(bench, SMALL);
    const { keys, values } = randomBlocks(214, SMALL, 2);
    const write = (blocks: readonly number[], data: CacheBlocks) => () =>
      bench.backend.writeBlocks(cache, blocks, data);
    await check.throws(write([0], { keys, values }), 'data of 2 blocks for one');
    await check.throws(write([0, 1, 2], { keys, values }), 'data of 2 blocks for 3');
    await check.throws(write([0, 1], { keys, values: values.subarray(1) }), 'values that lack an element');
    await check.throws(write([3, 3], { keys, values }), 'a block that comes twice');
    const integers = new Int32Array(keys.length) as unknown as Float32Array;
    await check.throws(write([0, 1], { keys: integers, values }), 'keys of int32');
    const all = await bench.backend.readBlocks(cache, [0, 1, 2, 3]);
    check.sameBits(all.keys, new Float32Array(all.keys.length), 'after the errors');
  });
}

function releasedCase(): ConformanceCase {
  return requirement('release', 'the blocks of a cache are gone with it', async (bench, check) => {
    const cache = cacheFor(bench, SMALL);
    bench.release(cache);
    await check.throws(() => bench.backend.readBlocks(cache, [0]), 'readBlocks after release');
    await check.throws(
      () => bench.backend.writeBlocks(cache, [0], randomBlocks(216, SMALL, 1)),
      'writeBlocks after it',
    );
  });
}

/** Numbers whose bits are easily lost. */
const HARD = Float32Array.of(0, -0, 1e-45, -1e-39, Number.NaN, Number.POSITIVE_INFINITY, -3.4028234e38);

function cacheFor(bench: Workbench, { kvHeads, headSize }: HeadSizes): DeviceCache {
  return bench.cache({ numBlocks: NUM_BLOCKS, kvHeads, headSize });
}

function randomBlocks(seed: number, { kvHeads, headSize }: HeadSizes, count: number): CacheBlocks {
  const length = count * CACHE_BLOCK_SIZE * kvHeads * headSize;
  return { keys: randomFloats(seed, length), values: randomFloats(seed + 1, length) };
}
