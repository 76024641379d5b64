import type { AttentionOptions, AttentionSpan } from '../backend.ts';
import { BIASES, describeBias, putBias, type TestBias } from './attention-biases.ts';
import { describeHeads, HEAD_SIZES, type HeadSizes } from './attention-heads.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

export interface Attention extends HeadSizes {
  /** Queries and keys of each sequence. */
  readonly lengths: readonly (readonly [queryLength: number, keyLength: number])[];
  readonly causal: boolean;
  readonly window?: number | undefined;
  readonly scale?: number;
  readonly mask?: { readonly values: Float32Array; readonly width: number }; // (Tq, width)
  readonly positionBias?: TestBias | undefined;
  readonly queries?: Float32Array; // (Tq, H, D)
  readonly keys?: Float32Array; // (Tk, G, D)
  readonly values?: Float32Array; // (Tk, G, D)
}

export const SMALL: HeadSizes = { heads: 4, kvHeads: 2, headSize: 8 };
const MINUS_INFINITY = Number.NEGATIVE_INFINITY;

/** Sequences of all kinds side by side: new ones, continued ones, one without queries, one of a single token. */
export const RAGGED = [
  [3, 3],
  [1, 40],
  [0, 6],
  [17, 33],
  [1, 1],
  [12, 12],
] as const;

export const attentionCases: readonly ConformanceCase[] = [
  ...HEAD_SIZES.flatMap((heads) => [
    sizeCase({ ...heads, lengths: [[1, 1]], causal: true }),
    sizeCase({ ...heads, lengths: [[1, 37]], causal: true }),
    sizeCase({ ...heads, lengths: [[33, 33]], causal: true }),
    sizeCase({ ...heads, lengths: [[7, 70]], causal: true }),
    sizeCase({ ...heads, lengths: [[5, 19]], causal: false }),
    sizeCase({ ...heads, lengths: RAGGED, causal: true }),
    sizeCase({ ...heads, lengths: RAGGED, causal: false }),
    sameBitsCase({ ...heads, lengths: RAGGED, causal: true }),
    sameBitsCase({ ...heads, lengths: RAGGED, causal: false }),
  ]),
  sizeCase({ heads: 12, kvHeads: 12, headSize: 64, lengths: [[3, 515]], causal: true }),
  sizeCase({
    ...{ heads: 4, kvHeads: 2, headSize: 64, causal: true },
    lengths: [
      [130, 130],
      [37, 200],
    ],
  }),
  sizeCase({ ...SMALL, lengths: [[0, 0]], causal: true }),
  sizeCase({ ...SMALL, lengths: [], causal: true }),
  sizeCase({ ...SMALL, lengths: RAGGED, causal: true, scale: 0.7 }),
  ...[1, 2, 5, 16, 17, 1000].flatMap((window) => [
    sizeCase({ ...SMALL, lengths: RAGGED, causal: true, window }),
    sizeCase({ ...SMALL, lengths: RAGGED, causal: false, window }),
    sameBitsCase({ ...SMALL, lengths: RAGGED, causal: true, window }),
  ]),
  ...maskCases(),
  ...positionBiasCases(),
  ...scoreCases(),
  ...spanCases(),
];

export function describeAttention({ lengths, causal, window, mask, scale, positionBias, ...heads }: Attention): string {
  return [
    describeHeads(heads),
    lengths.length === 0 ? 'no sequence' : lengths.map(([queries, keys]) => `${queries}/${keys}`).join(' '),
    causal ? 'causal' : 'not causal',
    ...(window === undefined ? [] : [`window ${window}`]),
    ...(scale === undefined ? [] : [`scale ${scale}`]),
    ...(mask === undefined ? [] : ['mask']),
    ...(positionBias === undefined ? [] : [describeBias(positionBias)]),
  ].join(', ');
}

export function spansOf(lengths: Attention['lengths']): AttentionSpan[] {
  let [queryStart, keyStart] = [0, 0];
  return lengths.map(([queryLength, keyLength]) => {
    const span = { queryStart, queryLength, keyStart, keyLength };
    queryStart += queryLength;
    keyStart += keyLength;
    return span;
  });
}

function totalsOf(lengths: Attention['lengths']): { readonly numQueries: number; readonly numKeys: number } {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
  return { numQueries: sum(lengths.map(([queries]) => queries)), numKeys: sum(lengths.map(([, keys]) => keys)) };
}

/** Random queries, keys and values for the sizes of `it`, except those it brings along. */
export function operandsOf(it: Attention): Required<Pick<Attention, 'queries' | 'keys' | 'values'>> {
  const { numQueries, numKeys } = totalsOf(it.lengths);
  return {
    queries: it.queries ?? randomFloats(80, numQueries * it.heads * it.headSize, 2),
    keys: it.keys ?? randomFloats(81, numKeys * it.kvHeads * it.headSize, 2),
    values: it.values ?? randomFloats(82, numKeys * it.kvHeads * it.headSize, 2),
  };
}

/** The output (Tq, H, D) of `attention`. */
export function attend(bench: Workbench, it: Attention, spans = spansOf(it.lengths)): Promise<Numbers> {
  const { heads, kvHeads, headSize, causal, window, mask, scale = headSize ** -0.5 } = it;
  const operands = operandsOf(it);
  const [queries, keys, values] = [bench.put(operands.queries), bench.put(operands.keys), bench.put(operands.values)];
  const positionBias = putBias(bench, it.positionBias, heads);
  const maskBuffer = mask && { values: bench.put(mask.values), width: mask.width };
  const sizes = { heads, kvHeads, headSize };
  const options: AttentionOptions = { spans, ...sizes, scale, causal, window, mask: maskBuffer, positionBias };
  return bench.result(operands.queries.length, (output) =>
    bench.backend.attention(output, queries, keys, values, options),
  );
}

function sizeCase(it: Attention): ConformanceCase {
  return compareWithReference({ op: 'attention', of: describeAttention(it), compute: (bench) => attend(bench, it) });
}

/** Every query row alone, over the keys it had in the batch, gives the bits that it gave in the batch. */
function sameBitsCase(it: Attention): ConformanceCase {
  return requirement('attention', `same bits for a row alone, ${describeAttention(it)}`, async (bench, check) => {
    const { queries, keys, values } = operandsOf(it);
    const whole = await attend(bench, it);
    const [queryWidth, keyWidth] = [it.heads * it.headSize, it.kvHeads * it.headSize];
    for (const { queryStart, queryLength, keyStart, keyLength } of spansOf(it.lengths)) {
      for (let i = 0; i < queryLength; i++) {
        const row = queryStart + i;
        const numKeys = it.causal ? keyLength - queryLength + i + 1 : keyLength;
        const slice = (numbers: Float32Array) => numbers.slice(keyStart * keyWidth, (keyStart + numKeys) * keyWidth);
        const alone = await attend(bench, {
          ...it,
          lengths: [[1, numKeys]],
          queries: queries.slice(row * queryWidth, (row + 1) * queryWidth),
          keys: slice(keys),
          values: slice(values),
        });
        check.sameBits(alone, whole.subarray(row * queryWidth, (row + 1) * queryWidth), `query ${row}`);
      }
    }
  });
}

function maskCases(): ConformanceCase[] {
  const lengths = [
    [5, 9],
    [3, 21],
  ] as const;
  const width = 23; // wider than any span
  const random = randomFloats(83, 8 * width, 3);
  const holes = random.map((x, i) => (i % 3 === 0 ? MINUS_INFINITY : x));
  const emptyRows = holes.map((x, i) => (Math.floor(i / width) % 3 === 1 ? MINUS_INFINITY : x));
  const veryNegative = random.map((x, i) => (i % 2 === 0 ? x - 1e9 : x));
  const allNegative = random.map((x) => x - 20);
  const masks = { random, holes, emptyRows, veryNegative, allNegative };
  return Object.entries(masks).flatMap(([of, values]) =>
    [true, false].map((causal) => {
      const it: Attention = { ...SMALL, lengths, causal, mask: { values, width } };
      const rowLength = it.heads * it.headSize;
      return compareWithReference({
        op: 'attention',
        of: `${describeAttention(it)}: ${of}`,
        rowLength,
        compute: (bench) => attend(bench, it),
      });
    }),
  );
}

/** Tables narrower and wider than the keys, with the query's own place at either end and between; beside a mask and a window. */
function positionBiasCases(): ConformanceCase[] {
  const masked = { values: randomFloats(86, 34 * 41, 3), width: 41 };
  return [
    ...BIASES.flatMap((positionBias) => [
      sizeCase({ ...SMALL, lengths: RAGGED, causal: true, positionBias }),
      sizeCase({ ...SMALL, lengths: RAGGED, causal: false, positionBias }),
      sizeCase({ ...SMALL, lengths: RAGGED, causal: true, window: 17, positionBias }),
      sameBitsCase({ ...SMALL, lengths: RAGGED, causal: true, positionBias }),
    ]),
    sizeCase({ heads: 3, kvHeads: 3, headSize: 5, lengths: RAGGED, causal: true, positionBias: BIASES[2] }),
    sizeCase({ ...SMALL, lengths: RAGGED, causal: false, scale: 0.7, mask: masked, positionBias: BIASES[2] }),
    sizeCase({ ...SMALL, lengths: [[3, 515]], causal: true, positionBias: BIASES[1] }),
  ];
}

/** Scores far out, and keys that no query may see with numbers that would drown the others. */
function scoreCases(): ConformanceCase[] {
  const lengths = [[6, 40]] as const;
  const queries = randomFloats(84, 6 * SMALL.heads * SMALL.headSize, 2);
  const keys = randomFloats(85, 40 * SMALL.kvHeads * SMALL.headSize, 2);
  const keyWidth = SMALL.kvHeads * SMALL.headSize;
  const hugeBefore = keys.map((x, i) => (Math.floor(i / keyWidth) < 30 ? x * 1e6 : x));
  const hugeLast = keys.map((x, i) => (Math.floor(i / keyWidth) === 39 ? Math.abs(x) * 1e6 : x));
  const variants: Record<string, Attention> = {
    'scores up to ±1000, exact in float32': {
      ...{ ...SMALL, lengths, causal: true, scale: 1 },
      queries: queries.map((x) => Math.round(x * 20)),
      keys: keys.map((x) => Math.round(x * 2)),
    },
    'scores of denormal size': { ...SMALL, lengths, causal: true, queries: queries.map((x) => x * 1e-39), keys },
    'equal scores': { ...SMALL, lengths, causal: true, queries: new Float32Array(queries.length), keys },
    'huge keys before the window': { ...SMALL, lengths, causal: true, window: 4, queries, keys: hugeBefore },
    'a huge last key that only the last query sees': { ...SMALL, lengths, causal: true, queries, keys: hugeLast },
  };
  return Object.entries(variants).map(([of, it]) =>
    compareWithReference({
      op: 'attention',
      of: `${describeAttention(it)}: ${of}`,
      rowLength: it.heads * it.headSize,
      compute: (bench) => attend(bench, it),
    }),
  );
}

/** Spans need not follow each other: sequences may share keys, and leave keys to nobody. */
function spanCases(): ConformanceCase[] {
  const it: Attention = { ...SMALL, lengths: [[8, 30]], causal: true };
  const shared = [
    { queryStart: 4, queryLength: 4, keyStart: 10, keyLength: 15 },
    { queryStart: 0, queryLength: 2, keyStart: 10, keyLength: 15 },
    { queryStart: 2, queryLength: 2, keyStart: 3, keyLength: 2 },
  ];
  const hidden = [{ queryStart: 0, queryLength: 8, keyStart: 5, keyLength: 3 }]; // five queries stand before the first key
  return Object.entries({ 'shared keys': shared, 'more queries than keys': hidden }).map(([of, spans]) =>
    compareWithReference({ op: 'attention', of, compute: (bench) => attend(bench, it, spans) }),
  );
}
