import type { AttentionSpan } from '../backend.ts';
import { BIASES, putBias } from './attention-biases.ts';
import { type Attention, describeAttention, operandsOf, RAGGED, SMALL, spansOf } from './attention-cases.ts';
import { HEAD_SIZES } from './attention-heads.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

type Gradient = 'queryGrad' | 'keyGrad' | 'valueGrad' | 'positionBiasGrad';

const GRADIENTS: readonly Gradient[] = ['queryGrad', 'keyGrad', 'valueGrad'];
const BIASED: readonly Gradient[] = [...GRADIENTS, 'positionBiasGrad'];
const MINUS_INFINITY = Number.NEGATIVE_INFINITY;

export const attentionGradientCases: readonly ConformanceCase[] = [
  ...HEAD_SIZES.flatMap((heads) => [
    ...cases({ ...heads, lengths: [[1, 2]], causal: true }),
    ...cases({ ...heads, lengths: [[33, 33]], causal: true }),
    ...cases({ ...heads, lengths: [[7, 70]], causal: true }),
    ...cases({ ...heads, lengths: [[5, 19]], causal: false }),
    ...cases({ ...heads, lengths: RAGGED, causal: true }),
  ]),
  ...cases({ ...SMALL, lengths: [[130, 130]], causal: true }),
  ...cases({ ...SMALL, lengths: [[97, 201]], causal: false }),
  ...cases({ ...SMALL, lengths: [[0, 0]], causal: true }),
  ...cases({ ...SMALL, lengths: [], causal: true }),
  ...cases({ ...SMALL, lengths: RAGGED, causal: true, scale: 0.7 }),
  ...[1, 2, 5, 16, 17, 1000].flatMap((window) => [
    ...cases({ ...SMALL, lengths: [...RAGGED, [110, 130]], causal: true, window }),
    ...cases({ ...SMALL, lengths: [...RAGGED, [60, 130]], causal: false, window }),
  ]),
  ...maskCases(),
  ...positionBiasCases(),
  ...scoreCases(),
  ...spanCases(),
  aloneCase(),
];

function cases(it: Attention): ConformanceCase[] {
  const gradients = it.positionBias === undefined ? GRADIENTS : BIASED;
  return gradients.map((which) => gradientCase(it, which, describeAttention(it)));
}

function gradientCase(it: Attention, which: Gradient, of: string, spans?: readonly AttentionSpan[]): ConformanceCase {
  return compareWithReference({
    op: 'attentionGradient',
    of: `${which}, ${of}`,
    compute: async (bench) => (await gradientsOf(bench, it, spans))[which],
  });
}

async function gradientsOf(
  bench: Workbench,
  it: Attention,
  spans: readonly AttentionSpan[] = spansOf(it.lengths),
  isBiasTrained = true,
): Promise<Record<Gradient, Numbers>> {
  const { heads, kvHeads, headSize, causal, window, mask, scale = headSize ** -0.5 } = it;
  const positionBias = putBias(bench, it.positionBias, heads);
  const operands = operandsOf(it);
  const [queries, keys, values] = [bench.put(operands.queries), bench.put(operands.keys), bench.put(operands.values)];
  const outputGrad = bench.put(randomFloats(280, queries.length));
  const to = {
    ...{ queryGrad: bench.output(queries.length), keyGrad: bench.output(keys.length) },
    valueGrad: bench.output(keys.length),
    positionBiasGrad: bench.put(randomFloats(284, positionBias?.values.length ?? 0)), // is added to
  };
  const into = isBiasTrained ? to : { ...to, positionBiasGrad: undefined };
  bench.backend.attentionGradient(into, outputGrad, queries, keys, values, {
    ...{ spans, heads, kvHeads, headSize, scale, causal, window },
    mask: mask && { values: bench.put(mask.values), width: mask.width },
    positionBias,
  });
  const [queryGrad, keyGrad, valueGrad, positionBiasGrad] = await Promise.all(
    BIASED.map((which) => bench.backend.read(to[which])),
  );
  return {
    ...{ queryGrad: queryGrad!, keyGrad: keyGrad!, valueGrad: valueGrad!, positionBiasGrad: positionBiasGrad! },
  };
}

function maskCases(): ConformanceCase[] {
  const lengths = [
    [5, 9],
    [15, 21],
  ] as const;
  const width = 23; // wider than any span
  const random = randomFloats(281, 20 * width, 3);
  const holes = random.map((x, i) => (i % 3 === 0 ? MINUS_INFINITY : x));
  const emptyRows = holes.map((x, i) => (Math.floor(i / width) % 3 === 1 ? MINUS_INFINITY : x));
  const veryNegative = random.map((x, i) => (i % 2 === 0 ? x - 1e9 : x));
  return Object.entries({ random, holes, emptyRows, veryNegative }).flatMap(([of, values]) =>
    [true, false].flatMap((causal) => {
      const it: Attention = { ...SMALL, lengths, causal, mask: { values, width } };
      return GRADIENTS.map((which) => gradientCase(it, which, `${describeAttention(it)}: ${of}`));
    }),
  );
}

/** Beside a mask, a window, a scale and grouped heads; more queries than a block of a kernel has; spans that share keys. */
function positionBiasCases(): ConformanceCase[] {
  const lengths = [...RAGGED, [60, 130]] as const;
  const mask = { values: randomFloats(285, 94 * 131, 3), width: 131 };
  const shared = [
    { queryStart: 4, queryLength: 4, keyStart: 10, keyLength: 15 },
    { queryStart: 0, queryLength: 2, keyStart: 10, keyLength: 15 },
    { queryStart: 2, queryLength: 2, keyStart: 3, keyLength: 9 },
  ];
  const few: Attention = { ...SMALL, lengths: [[8, 30]], causal: true, positionBias: BIASES[2] };
  return [
    ...BIASES.flatMap((positionBias) => [
      ...cases({ ...SMALL, lengths, causal: true, positionBias }),
      ...cases({ ...SMALL, lengths, causal: false, positionBias }),
    ]),
    ...cases({ ...SMALL, lengths, causal: true, window: 17, scale: 1, positionBias: BIASES[1] }),
    ...cases({ ...SMALL, lengths, causal: false, mask, positionBias: BIASES[2] }),
    ...cases({ heads: 3, kvHeads: 3, headSize: 5, lengths: [[0, 0]], causal: true, positionBias: BIASES[1] }),
    ...BIASED.map((which) => gradientCase(few, which, 'position bias, shared keys', shared)),
    forgottenBiasGradient(),
  ];
}

/** A position bias that is not trained changes the other gradients as one that is. */
function forgottenBiasGradient(): ConformanceCase {
  return requirement('attentionGradient', 'same bits without positionBiasGrad', async (bench, check) => {
    const it: Attention = { ...SMALL, lengths: RAGGED, causal: true, scale: 1, positionBias: BIASES[2] };
    const [trained, frozen] = [await gradientsOf(bench, it), await gradientsOf(bench, it, undefined, false)];
    for (const which of GRADIENTS) check.sameBits(frozen[which], trained[which], which);
  });
}

/** Scores far out, and keys that no query may see with numbers that would drown the others. */
function scoreCases(): ConformanceCase[] {
  const lengths = [[6, 40]] as const;
  const queries = randomFloats(282, 6 * SMALL.heads * SMALL.headSize, 2);
  const keys = randomFloats(283, 40 * SMALL.kvHeads * SMALL.headSize, 2);
  const keyWidth = SMALL.kvHeads * SMALL.headSize;
  const hugeBefore = keys.map((x, i) => (Math.floor(i / keyWidth) < 30 ? x * 1e6 : x));
  const variants: Record<string, Attention> = {
    'steep scores': { ...SMALL, lengths, causal: true, scale: 3, queries, keys },
    'equal scores': { ...SMALL, lengths, causal: true, queries: new Float32Array(queries.length), keys },
    'huge keys before the window': { ...SMALL, lengths, causal: true, window: 4, queries, keys: hugeBefore },
  };
  return Object.entries(variants).flatMap(([of, it]) =>
    GRADIENTS.map((which) => gradientCase(it, which, `${describeAttention(it)}: ${of}`)),
  );
}

/** Spans need not follow each other: sequences may share keys, and leave queries and keys to nobody. */
function spanCases(): ConformanceCase[] {
  const it: Attention = { ...SMALL, lengths: [[8, 30]], causal: true };
  const variants: Record<string, AttentionSpan[]> = {
    'shared keys': [
      { queryStart: 4, queryLength: 4, keyStart: 10, keyLength: 15 },
      { queryStart: 0, queryLength: 2, keyStart: 10, keyLength: 15 },
      { queryStart: 2, queryLength: 2, keyStart: 3, keyLength: 9 },
    ],
    'rows in no span': [
      { queryStart: 5, queryLength: 2, keyStart: 20, keyLength: 7 },
      { queryStart: 1, queryLength: 2, keyStart: 2, keyLength: 5 },
    ],
    'more queries than keys': [{ queryStart: 0, queryLength: 8, keyStart: 5, keyLength: 3 }],
    'queries without keys': [
      { queryStart: 0, queryLength: 3, keyStart: 7, keyLength: 0 },
      { queryStart: 3, queryLength: 5, keyStart: 0, keyLength: 30 },
    ],
  };
  return Object.entries(variants).flatMap(([of, spans]) =>
    GRADIENTS.map((which) => gradientCase(it, which, of, spans)),
  );
}

/** A sequence's gradients do not depend on the others of the batch. */
function aloneCase(): ConformanceCase {
  return requirement('attentionGradient', 'same bits for a sequence alone and in a batch', async (bench, check) => {
    const it: Attention = { ...SMALL, lengths: [...RAGGED, [55, 70]], causal: true };
    const whole = await gradientsOf(bench, it);
    const [numQueries, numKeys] = [whole.queryGrad.length, whole.keyGrad.length];
    for (const span of spansOf(it.lengths)) {
      const alone = await gradientsOf(bench, it, [span]);
      const [queryWidth, keyWidth] = [it.heads * it.headSize, it.kvHeads * it.headSize];
      const own = (numbers: Numbers, start: number, length: number, width: number) =>
        numbers.subarray(start * width, (start + length) * width);
      const { queryStart, queryLength, keyStart, keyLength } = span;
      for (const [which, start, length, width] of [
        ['queryGrad', queryStart, queryLength, queryWidth],
        ['keyGrad', keyStart, keyLength, keyWidth],
        ['valueGrad', keyStart, keyLength, keyWidth],
      ] as const) {
        const wanted = own(whole[which], start, length, width);
        check.sameBits(own(alone[which], start, length, width), wanted, `${which} of ${JSON.stringify(span)}`);
      }
    }
    check.isTrue(numQueries > 0 && numKeys > 0, 'nothing was computed');
  });
}
