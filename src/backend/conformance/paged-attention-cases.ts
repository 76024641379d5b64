import { CACHE_DTYPES } from '../dtype.ts';
import { BIASES, describeBias } from './attention-biases.ts';
import { attend } from './attention-cases.ts';
import { describeHeads, HEAD_SIZES, type HeadSizes } from './attention-heads.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { concatenate } from './numbers.ts';
import {
  attendStep,
  NUM_BLOCKS,
  type PagedOptions,
  type PagedSequence,
  pagedSequences,
  runInChunks,
  runStep,
  runStepInColumns,
  staleCache,
  storeStep,
} from './paged-sequences.ts';

/** Around the borders of blocks of 16. */
const LENGTHS = [1, 15, 16, 17, 33, 70];
const SMALL: HeadSizes = { heads: 4, kvHeads: 2, headSize: 8 };

export const pagedAttentionCases: readonly ConformanceCase[] = [
  ...HEAD_SIZES.flatMap((heads) => [referenceCase(heads), chunksCase(heads), denseCase(heads), raggedCase(heads)]),
  ...[1, 5, 16, 17, 1000].flatMap((window) => [
    referenceCase({ ...SMALL, window }),
    chunksCase({ ...SMALL, window }),
    denseCase({ ...SMALL, window }),
    raggedCase({ ...SMALL, window }),
  ]),
  ...BIASES.flatMap((positionBias) => [
    referenceCase({ ...SMALL, positionBias }),
    chunksCase({ ...SMALL, positionBias }),
    denseCase({ ...SMALL, positionBias }),
    raggedCase({ ...SMALL, positionBias }),
  ]),
  chunksCase({ ...SMALL, window: 17, positionBias: BIASES[1] }),
  longContextCase({ heads: 4, kvHeads: 4, headSize: 64, positionBias: BIASES[4] }),
  longContextCase({ heads: 12, kvHeads: 12, headSize: 64 }),
  longContextCase({ heads: 8, kvHeads: 2, headSize: 80 }),
  ...[SMALL, { heads: 3, kvHeads: 3, headSize: 5 }].flatMap((heads) =>
    CACHE_DTYPES.map((dtype) => columnsCase({ ...heads, dtype })),
  ),
  maxKeyLengthCase(),
  isolationCase(),
  noTokensCase(),
  emptyCacheCase(),
  ...[SMALL, { heads: 3, kvHeads: 3, headSize: 5 }].flatMap((heads) => [copyBlocksCase(heads), overwriteCase(heads)]),
  copyBlocksInOrderCase(),
];

function describe({ window, positionBias, ...heads }: PagedOptions): string {
  const bias = positionBias === undefined ? '' : `, ${describeBias(positionBias)}`;
  return describeHeads(heads) + (window === undefined ? '' : `, window ${window}`) + bias;
}

/** Prefill of the first half of every sequence, then of the rest, in one ragged batch each. */
function referenceCase(options: PagedOptions): ConformanceCase {
  return compareWithReference({
    op: 'pagedAttention',
    of: `ragged batches of sequences of ${LENGTHS.join(', ')}, ${describe(options)}`,
    compute: async (bench) => {
      const cache = staleCache(bench, options);
      const [first, rest] = halves(options);
      const start = await runStep(bench, cache, first, options);
      return concatenate([start, await runStep(bench, cache, rest, options)]);
    },
  });
}

function halves(heads: HeadSizes) {
  const sequences = pagedSequences(LENGTHS, heads);
  const halfOf = (numTokens: number) => Math.ceil(numTokens / 2);
  const first = sequences.map((sequence) => ({ sequence, numComputed: 0, numNew: halfOf(sequence.numTokens) }));
  const rest = sequences.map((sequence) => {
    const numComputed = halfOf(sequence.numTokens);
    return { sequence, numComputed, numNew: sequence.numTokens - numComputed };
  });
  return [first, rest] as const;
}

function chunksCase(options: PagedOptions): ConformanceCase {
  const what = `same bits in one piece, in chunks and token by token, ${describe(options)}`;
  return requirement('pagedAttention', what, async (bench, check) => {
    const [sequence] = pagedSequences([49], options);
    const whole = await runInChunks(bench, sequence!, [49], options);
    for (const chunks of [[1], [16], [7, 12, 1], [48, 1], [1, 48], [31, 2]]) {
      check.sameBits(await runInChunks(bench, sequence!, chunks, options), whole, `chunks of ${chunks}`);
    }
  });
}

function denseCase(options: PagedOptions): ConformanceCase {
  const what = `same bits as attention over dense keys, ${describe(options)}`;
  return requirement('pagedAttention', what, async (bench, check) => {
    for (const sequence of pagedSequences(LENGTHS, options)) {
      const { numTokens, queries, keys, values } = sequence;
      const dense = await attend(bench, {
        ...options,
        lengths: [[numTokens, numTokens]],
        causal: true,
        queries,
        keys,
        values,
      });
      check.sameBits(await runInChunks(bench, sequence, [numTokens], options), dense, `${numTokens} tokens`);
    }
  });
}

function raggedCase(options: PagedOptions): ConformanceCase {
  const what = `same bits for a sequence alone and in a ragged batch, ${describe(options)}`;
  return requirement('pagedAttention', what, async (bench, check) => {
    const cache = staleCache(bench, options);
    for (const steps of halves(options)) {
      const together = await runStep(bench, cache, steps, options);
      let start = 0;
      for (const step of steps) {
        const end = start + step.numNew * options.heads * options.headSize;
        const alone = await runStep(bench, cache, [step], options);
        check.sameBits(alone, together.subarray(start, end), `sequence of ${step.sequence.numTokens}`);
        start = end;
      }
    }
  });
}

function columnsCase(options: PagedOptions): ConformanceCase {
  const what = `same bits of columns of one buffer, ${describe(options)}, ${options.dtype} cache`;
  return requirement('pagedAttention', what, async (bench, check) => {
    const [cache, other] = [staleCache(bench, options), staleCache(bench, options)];
    for (const steps of halves(options)) {
      const apart = await runStep(bench, cache, steps, options);
      check.sameBits(await runStepInColumns(bench, other, steps, options), apart);
    }
  });
}

/** One token, and a few, at the end of hundreds. */
function longContextCase(options: PagedOptions): ConformanceCase {
  return compareWithReference({
    op: 'pagedAttention',
    of: `one and three queries over 709 keys, ${describe(options)}`,
    rowLength: options.headSize,
    compute: async (bench) => {
      const sequence = pagedSequences([709], options)[0]!;
      const cache = staleCache(bench, options);
      storeStep(bench, cache, [{ sequence, numComputed: 0, numNew: 709 }]);
      const one = await attendStep(bench, cache, [{ sequence, numComputed: 708, numNew: 1 }], options);
      const three = await attendStep(bench, cache, [{ sequence, numComputed: 706, numNew: 3 }], options);
      return concatenate([one, three]);
    },
  });
}

function maxKeyLengthCase(): ConformanceCase {
  return requirement('pagedAttention', 'same bits for any bound of the key lengths', async (bench, check) => {
    const sequence = pagedSequences([37], SMALL)[0]!;
    const exact = await runInChunks(bench, sequence, [5], SMALL);
    for (const slack of [1, 15, 300]) {
      check.sameBits(await runInChunks(bench, sequence, [5], { ...SMALL, slack }), exact, `${slack} more`);
    }
  });
}

/** A sequence of NaN in the same batch, and in the same cache, harms nobody else. */
function isolationCase(): ConformanceCase {
  return requirement('pagedAttention', 'NaN of one sequence stays its own', async (bench, check) => {
    const sequences = pagedSequences([20, 20, 20], SMALL);
    const broken: PagedSequence = {
      ...sequences[1]!,
      values: new Float32Array(sequences[1]!.values.length).fill(Number.NaN),
    };
    const compute = async (middle: PagedSequence) => {
      const steps = [sequences[0]!, middle, sequences[2]!].map((sequence) => ({
        sequence,
        numComputed: 0,
        numNew: 20,
      }));
      return runStep(bench, staleCache(bench, SMALL), steps, SMALL);
    };
    const [healthy, harmed] = [await compute(sequences[1]!), await compute(broken)];
    const width = 20 * SMALL.heads * SMALL.headSize;
    check.sameBits(harmed.subarray(0, width), healthy.subarray(0, width), 'the sequence before');
    check.sameBits(harmed.subarray(2 * width), healthy.subarray(2 * width), 'the sequence after');
    check.isTrue(harmed.subarray(width, 2 * width).every(Number.isNaN), 'the broken sequence has numbers, wanted NaN');
  });
}

function noTokensCase(): ConformanceCase {
  return requirement('pagedAttention', 'no tokens and no sequences', async (bench, check) => {
    const cache = staleCache(bench, SMALL);
    check.sameBits(await runStep(bench, cache, [], SMALL), new Float32Array(0), 'no sequences');
    const sequence = pagedSequences([20], SMALL)[0]!;
    storeStep(bench, cache, [{ sequence, numComputed: 0, numNew: 20 }]);
    const idle = [{ sequence, numComputed: 20, numNew: 0 }];
    check.sameBits(await runStep(bench, cache, idle, SMALL), new Float32Array(0), 'a sequence without new tokens');
  });
}

/** In a new cache every value is zero, and so is their mean. */
function emptyCacheCase(): ConformanceCase {
  return requirement('allocateCache', 'a new cache is all zeros', async (bench, check) => {
    const sequence = pagedSequences([35], SMALL)[0]!;
    const cache = bench.cache({ numBlocks: NUM_BLOCKS, kvHeads: SMALL.kvHeads, headSize: SMALL.headSize });
    const got = await attendStep(bench, cache, [{ sequence, numComputed: 32, numNew: 3 }], SMALL);
    check.sameBits(
      got.map((x) => x + 0),
      new Float32Array(3 * SMALL.heads * SMALL.headSize),
    );
  });
}

function copyBlocksCase(heads: HeadSizes): ConformanceCase {
  return requirement(
    'copyBlocks',
    `a copied sequence gives the same bits, ${describe(heads)}`,
    async (bench, check) => {
      const [original, other] = pagedSequences([40, 40], heads) as [PagedSequence, PagedSequence];
      const copy = { ...original, blockTable: other.blockTable };
      const cache = staleCache(bench, heads);
      storeStep(bench, cache, [{ sequence: original, numComputed: 0, numNew: 39 }]);
      bench.backend.copyBlocks(cache, []);
      bench.backend.copyBlocks(
        cache,
        original.blockTable.map((from, i) => ({ from, to: copy.blockTable[i]! })),
      );
      const wanted = await runStep(bench, cache, [{ sequence: original, numComputed: 39, numNew: 1 }], heads);
      check.sameBits(await runStep(bench, cache, [{ sequence: copy, numComputed: 39, numNew: 1 }], heads), wanted);
    },
  );
}

/** a → b → c hands the first block on to the third. */
function copyBlocksInOrderCase(): ConformanceCase {
  return requirement('copyBlocks', 'pair after pair', async (bench, check) => {
    const [a, b, c] = pagedSequences([16, 16, 16], SMALL) as [PagedSequence, PagedSequence, PagedSequence];
    const cache = staleCache(bench, SMALL);
    storeStep(
      bench,
      cache,
      [a, b, c].map((sequence) => ({ sequence, numComputed: 0, numNew: 16 })),
    );
    const attendAt = (place: PagedSequence) =>
      attendStep(
        bench,
        cache,
        [{ sequence: { ...a, blockTable: place.blockTable }, numComputed: 15, numNew: 1 }],
        SMALL,
      );
    const wanted = await attendAt(a);
    const [blockA, blockB, blockC] = [a.blockTable[0]!, b.blockTable[0]!, c.blockTable[0]!];
    bench.backend.copyBlocks(cache, [
      { from: blockA, to: blockB },
      { from: blockB, to: blockC },
    ]);
    check.sameBits(await attendAt(b), wanted, 'the second block');
    check.sameBits(await attendAt(c), wanted, 'the third block');
    check.sameBits(await attendAt(a), wanted, 'the first block');
  });
}

/** A rejected draft token is overwritten by the token that takes its slot. */
function overwriteCase(heads: HeadSizes): ConformanceCase {
  return requirement('storeKeysValues', `overwrites what a slot held, ${describe(heads)}`, async (bench, check) => {
    const [sequence, draft] = pagedSequences([40, 40], heads) as [PagedSequence, PagedSequence];
    const cache = staleCache(bench, heads);
    storeStep(bench, cache, [{ sequence, numComputed: 0, numNew: 20 }]);
    const rejected = { ...draft, blockTable: sequence.blockTable };
    storeStep(bench, cache, [{ sequence: rejected, numComputed: 13, numNew: 20 }]);
    const rest = await runStep(bench, cache, [{ sequence, numComputed: 13, numNew: 27 }], heads);
    const whole = await runInChunks(bench, sequence, [40], heads);
    check.sameBits(rest, whole.subarray(13 * heads.heads * heads.headSize));
  });
}
