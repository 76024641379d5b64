import { BIASES, describeBias, putBias, type TestBias } from './attention-biases.ts';
import { attend } from './attention-cases.ts';
import { describeHeads, HEAD_SIZES, type HeadSizes } from './attention-heads.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import { type PagedSequence, pagedSequences, staleCache, storeStep } from './paged-sequences.ts';
import type { Workbench } from './workbench.ts';

/** Queries and keys of each sequence: fewer, as many and more queries than keys, none, and around the borders of blocks. */
const LENGTHS = [
  [1, 1],
  [3, 16],
  [0, 5],
  [17, 17],
  [40, 15],
  [1, 70],
] as const;

const SMALL: HeadSizes = { heads: 4, kvHeads: 2, headSize: 8 };

/** Paged attention that is not causal: decoder tokens over the keys and values of a source that was stored before. */
export const crossAttentionCases: readonly ConformanceCase[] = [
  ...HEAD_SIZES.flatMap((heads) => [referenceCase(heads), denseCase(heads)]),
  ...BIASES.flatMap((bias) => [referenceCase(SMALL, bias), denseCase(SMALL, bias)]),
];

function referenceCase(heads: HeadSizes, bias?: TestBias): ConformanceCase {
  return compareWithReference({
    op: 'pagedAttention',
    of: `not causal, ${describe(heads, bias)}`,
    compute: (bench) => attendSources(bench, heads, crossSequences(heads), bias),
  });
}

function describe(heads: HeadSizes, bias: TestBias | undefined): string {
  return describeHeads(heads) + (bias === undefined ? '' : `, ${describeBias(bias)}`);
}

function denseCase(heads: HeadSizes, bias?: TestBias): ConformanceCase {
  const what = `not causal, same bits as attention over dense keys, and alone as in a batch, ${describe(heads, bias)}`;
  return requirement('pagedAttention', what, async (bench, check) => {
    const sequences = crossSequences(heads);
    const together = await attendSources(bench, heads, sequences, bias);
    let start = 0;
    for (const one of sequences) {
      const { source, numQueries, queries } = one;
      const which = `${numQueries} queries over ${source.numTokens} keys`;
      const lengths = [[numQueries, source.numTokens]] as const;
      const { keys, values } = source;
      const positionBias = bias;
      const dense = await attend(bench, { ...heads, lengths, causal: false, queries, keys, values, positionBias });
      check.sameBits(await attendSources(bench, heads, [one], bias), dense, which);
      check.sameBits(together.subarray(start, start + queries.length), dense, `${which}, in a batch`);
      start += queries.length;
    }
  });
}

interface CrossSequence {
  readonly source: PagedSequence;
  readonly numQueries: number;
  readonly queries: Float32Array; // (numQueries, H, D)
}

function crossSequences(heads: HeadSizes): CrossSequence[] {
  const sources = pagedSequences(
    LENGTHS.map(([, numKeys]) => numKeys),
    heads,
  );
  return LENGTHS.map(([numQueries], i) => ({
    source: sources[i]!,
    numQueries,
    queries: randomFloats(500 + i, numQueries * heads.heads * heads.headSize, 2),
  }));
}

/** Stores the keys and values of the sources, and attends over them; returns (T, H, D). */
async function attendSources(
  bench: Workbench,
  heads: HeadSizes,
  sequences: readonly CrossSequence[],
  bias?: TestBias,
): Promise<Float32Array> {
  const cache = staleCache(bench, heads);
  storeStep(
    bench,
    cache,
    sequences.map(({ source }) => ({ sequence: source, numComputed: 0, numNew: source.numTokens })),
  );
  const maxBlocks = Math.max(...sequences.map(({ source }) => source.blockTable.length));
  const blockTables = new Int32Array(sequences.length * maxBlocks);
  const queryStarts = [0];
  for (const [s, { source, numQueries }] of sequences.entries()) {
    blockTables.set(source.blockTable, s * maxBlocks);
    queryStarts.push(queryStarts[s]! + numQueries);
  }
  const batch = {
    numTokens: queryStarts.at(-1)!,
    numSequences: sequences.length,
    maxBlocks,
    queryStarts: bench.put(Int32Array.from(queryStarts)),
    keyLengths: bench.put(Int32Array.from(sequences, ({ source }) => source.numTokens)),
    blockTables: bench.put(blockTables),
    slots: bench.put(new Int32Array(0)),
  };
  const queries = bench.put(Float32Array.from(sequences.flatMap((one) => [...one.queries])));
  const maxKeyLength = Math.max(...sequences.map(({ source }) => source.numTokens));
  const positionBias = putBias(bench, bias, heads.heads);
  const options = { heads: heads.heads, scale: heads.headSize ** -0.5, causal: false, maxKeyLength, positionBias };
  const output = await bench.result(queries.length, (buffer) =>
    bench.backend.pagedAttention(buffer, queries, cache, batch, options),
  );
  return Float32Array.from(output);
}
