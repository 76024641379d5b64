import type { Operations } from '../backend.ts';
import type { ConformanceCase, ConformanceOp } from './conformance-case.ts';
import { requirement } from './make-case.ts';
import type { Workbench } from './workbench.ts';

const DRAWN = { columns: 4, minP: 0 };

/** A call whose operands do not fit each other, and what is wrong with it. */
export type Mistake = readonly [problem: string, call: (bench: Workbench) => void];

const MISTAKES: { readonly [Op in keyof Operations]?: readonly Mistake[] } = {
  copy: [
    ['an input of 5 for an output of 4', (bench) => bench.backend.copy(bench.output(4), bench.output(5))],
    ['an int32 input for a float32 output', (bench) => bench.backend.copy(bench.output(4), bench.output(4, 'int32'))],
  ],
  add: [
    ['an output of 3 for 4', (bench) => bench.backend.add(bench.output(3), bench.output(4), bench.output(4))],
    ['4 and 3 elements', (bench) => bench.backend.add(bench.output(4), bench.output(4), bench.output(3))],
    ['int32', (bench) => bench.backend.add(bench.output(4), bench.output(4), bench.output(4, 'int32'))],
  ],
  multiply: [
    ['an output of 5 for 4', (bench) => bench.backend.multiply(bench.output(5), bench.output(4), bench.output(4))],
    ['4 and 3 elements', (bench) => bench.backend.multiply(bench.output(4), bench.output(4), bench.output(3))],
  ],
  scale: [['an output of 3 for 4', (bench) => bench.backend.scale(bench.output(3), bench.output(4), 2)]],
  activate: [['an output of 3 for 4', (bench) => bench.backend.activate(bench.output(3), bench.output(4), 'relu')]],
  gate: [
    ['4 and 8 elements', (bench) => bench.backend.gate(bench.output(4), bench.output(4), bench.output(8), 'silu')],
  ],
  linear: [
    ['inputs of 6 for rows of 4', (bench) => linear(bench, { output: 3, input: 6, bias: 3 })],
    ['an output of 5 for 2 × 3', (bench) => linear(bench, { output: 5, input: 8, bias: 3 })],
    ['a bias of 4 for 3 rows', (bench) => linear(bench, { output: 6, input: 8, bias: 4 })],
  ],
  embed: [
    [
      'an output of 7 for 2 rows of 4',
      (bench) =>
        bench.backend.embed(bench.output(7), bench.emptyMatrix('float32', 3, 4), bench.put(Int32Array.of(0, 1))),
    ],
    [
      'float32 ids',
      (bench) =>
        bench.backend.embed(bench.output(4), bench.emptyMatrix('float32', 3, 4), bench.put(Float32Array.of(0))),
    ],
  ],
  layerNorm: [
    [
      'an input of 7 for rows of 4',
      (bench) => bench.backend.layerNorm(bench.output(7), bench.output(7), bench.output(4), undefined, 1e-5),
    ],
    [
      'a bias of 3 for 4 channels',
      (bench) => bench.backend.layerNorm(bench.output(8), bench.output(8), bench.output(4), bench.output(3), 1e-5),
    ],
  ],
  rmsNorm: [
    [
      'an input of 7 for rows of 4',
      (bench) => bench.backend.rmsNorm(bench.output(7), bench.output(7), bench.output(4), 1e-5),
    ],
  ],
  rotate: [
    ['cosines of 3 for 2 tokens of 2 pairs', (bench) => rotate(bench, 3, 4)],
    ['5 of 8 elements turned', (bench) => rotate(bench, 5, 5)],
    ['10 of 8 elements turned', (bench) => rotate(bench, 10, 10)],
  ],
  sliceColumns: [
    [
      'columns 3 to 6 of 5',
      (bench) => bench.backend.sliceColumns(bench.output(6), bench.output(10), { columns: 5, start: 3, width: 3 }),
    ],
    [
      'an output of 5 for 2 rows of 3',
      (bench) => bench.backend.sliceColumns(bench.output(5), bench.output(10), { columns: 5, start: 1, width: 3 }),
    ],
  ],
  gatherRows: [
    [
      'an output of 5 for a row of 4',
      (bench) => bench.backend.gatherRows(bench.output(5), bench.output(8), bench.put(Int32Array.of(1)), 4),
    ],
  ],
  softmax: [['an input of 7 for rows of 4', (bench) => bench.backend.softmax(bench.output(7), bench.output(7), 4)]],
  logSoftmax: [['an output of 4 for 8', (bench) => bench.backend.logSoftmax(bench.output(4), bench.output(8), 4)]],
  tokenLogProbs: [
    [
      'one id for two rows',
      (bench) => bench.backend.tokenLogProbs(bench.output(2), bench.output(8), bench.put(Int32Array.of(1)), 4),
    ],
  ],
  argmax: [
    [
      'one index for two rows',
      (bench) => bench.backend.argmax(bench.output(1, 'int32'), bench.output(2), bench.output(8), 4),
    ],
    [
      'one value for two rows',
      (bench) => bench.backend.argmax(bench.output(2, 'int32'), bench.output(1), bench.output(8), 4),
    ],
    ['float32 indices', (bench) => bench.backend.argmax(bench.output(2), bench.output(2), bench.output(8), 4)],
  ],
  topK: [
    ['3 indices for 2 of each of two rows', (bench) => topK(bench, { indices: 3 })],
    ['5 values for 2 of each of two rows', (bench) => topK(bench, { values: 5 })],
    ['5 of 4 columns', (bench) => topK(bench, { indices: 10, values: 10, count: 5 })],
    ['none of 4 columns', (bench) => topK(bench, { indices: 0, values: 0, count: 0 })],
    ['an input of 7 for rows of 4', (bench) => topK(bench, { input: 7 })],
  ],
  logSumExp: [
    ['one sum for two rows', (bench) => bench.backend.logSumExp(bench.output(1), bench.output(8), 4)],
    ['an input of 7 for rows of 4', (bench) => bench.backend.logSumExp(bench.output(2), bench.output(7), 4)],
  ],
  draw: [
    [
      'one uniform for two rows',
      (bench) => bench.backend.draw(bench.output(2, 'int32'), bench.output(2), bench.output(8), bench.output(1), DRAWN),
    ],
    [
      'one index for two rows',
      (bench) => bench.backend.draw(bench.output(1, 'int32'), bench.output(2), bench.output(8), bench.output(2), DRAWN),
    ],
  ],
  attention: [
    ['keys and values of 4 and 8', (bench) => attention(bench, { values: 8 })],
    ['a span past the keys', (bench) => attention(bench, { keyLength: 2 })],
    ['a span past the queries', (bench) => attention(bench, { queryLength: 2 })],
    ['an output of 7 for queries of 8', (bench) => attention(bench, { output: 7 })],
    ['a position bias of 5 for 2 heads', (bench) => attention(bench, { positionBias: 5 })],
    ['an own column past the position bias', (bench) => attention(bench, { positionBias: 4, own: 2 })],
    ['an own column of −1', (bench) => attention(bench, { positionBias: 4, own: -1 })],
  ],
  storeKeysValues: [
    ['values of 3 for keys of 4', (bench) => storeAndAttend(bench, { values: 3 })],
    ['columns past the last', (bench) => storeColumns(bench, { columns: 9, start: 6 }, 9)],
    ['columns of 9 in a row of 8', (bench) => storeColumns(bench, { columns: 9, start: 1 }, 8)],
  ],
  pagedAttention: [
    ['queries of 4 for a token of 8', (bench) => storeAndAttend(bench, { queries: 4 })],
    ['an output of 9 for a token of 8', (bench) => storeAndAttend(bench, { output: 9 })],
    ['a position bias of 5 for 2 heads', (bench) => storeAndAttend(bench, { positionBias: 5 })],
  ],
  copyBlocks: [
    ['a block past the end', (bench) => bench.backend.copyBlocks(smallCache(bench), [{ from: 0, to: 2 }])],
    ['block −1', (bench) => bench.backend.copyBlocks(smallCache(bench), [{ from: -1, to: 0 }])],
  ],
};

export const operandCases: readonly ConformanceCase[] = Object.entries(MISTAKES).map(([op, mistakes]) =>
  mistakeCase(op as keyof Operations, mistakes),
);

/** Operands that do not fit are refused when the operation is recorded, and the backend goes on working. */
export function mistakeCase(op: ConformanceOp, mistakes: readonly Mistake[]): ConformanceCase {
  return requirement(op, 'refuses operands that do not fit', async (bench, check) => {
    for (const [problem, call] of mistakes) await check.throws(() => call(bench), problem);
    const alive = bench.output(3);
    bench.backend.fill(alive, 2);
    check.sameBits(await bench.backend.read(alive), Float32Array.of(2, 2, 2), 'after the errors');
  });
}

/** By 3 × 4 weights. */
function linear(bench: Workbench, lengths: { output: number; input: number; bias: number }): void {
  const weight = bench.emptyMatrix('float32', 3, 4);
  bench.backend.linear(bench.output(lengths.output), bench.output(lengths.input), weight, bench.output(lengths.bias));
}

/** Two tokens of one head of 8. */
function rotate(bench: Workbench, numAngles: number, rotarySize: number): void {
  const shape = { heads: 1, headSize: 8, rotarySize, interleaved: false };
  const [cosines, sines] = [bench.output(numAngles), bench.output(numAngles)];
  bench.backend.rotate(bench.output(16), bench.output(16), cosines, sines, shape);
}

/** The two largest of each of two rows of four. */
function topK(
  bench: Workbench,
  { indices = 4, values = 4, input = 8, count = 2 }: Partial<Record<'indices' | 'values' | 'input' | 'count', number>>,
): void {
  const shape = { columns: 4, count };
  bench.backend.topK(bench.output(indices, 'int32'), bench.output(values), bench.output(input), shape);
}

/** One query of 2 heads of 4 over one key of one head. */
function attention(
  bench: Workbench,
  {
    output = 8,
    values = 4,
    queryLength = 1,
    keyLength = 1,
    positionBias,
    own = 0,
  }: Partial<Record<'output' | 'values' | 'queryLength' | 'keyLength' | 'positionBias' | 'own', number>>,
): void {
  const spans = [{ queryStart: 0, queryLength, keyStart: 0, keyLength }];
  bench.backend.attention(bench.output(output), bench.output(8), bench.output(4), bench.output(values), {
    ...{ spans, heads: 2, kvHeads: 1, headSize: 4 },
    ...{ scale: 1, causal: true },
    positionBias: positionBias === undefined ? undefined : { values: bench.output(positionBias), own },
  });
}

/** One token of 2 heads of 4 over one key of one head. */
function storeAndAttend(
  bench: Workbench,
  {
    output = 8,
    queries = 8,
    values = 4,
    positionBias = 2,
  }: Partial<Record<'output' | 'queries' | 'values' | 'positionBias', number>>,
): void {
  const cache = smallCache(bench);
  const batch = {
    ...{ numTokens: 1, numSequences: 1, maxBlocks: 1 },
    queryStarts: bench.put(Int32Array.of(0, 1)),
    keyLengths: bench.put(Int32Array.of(1)),
    blockTables: bench.put(Int32Array.of(1)),
    slots: bench.put(Int32Array.of(16)),
  };
  bench.backend.storeKeysValues(cache, bench.output(4), bench.output(values), batch);
  const bias = { values: bench.output(positionBias), own: 0 };
  const options = { heads: 2, scale: 1, maxKeyLength: 1, positionBias: bias };
  bench.backend.pagedAttention(bench.output(output), bench.output(queries), cache, batch, options);
}

/** One token of one head of 4: keys and values from a buffer of so many elements. */
function storeColumns(
  bench: Workbench,
  { columns, start }: { readonly columns: number; readonly start: number },
  length: number,
): void {
  const nothing = bench.put(Int32Array.of());
  const slots = bench.put(Int32Array.of(16));
  const batch = { numTokens: 1, numSequences: 0, maxBlocks: 0, queryStarts: nothing, keyLengths: nothing, slots };
  const rows = { buffer: bench.output(length), columns, start };
  bench.backend.storeKeysValues(smallCache(bench), rows, rows, { ...batch, blockTables: nothing });
}

function smallCache(bench: Workbench) {
  return bench.cache({ numBlocks: 2, kvHeads: 1, headSize: 4 });
}
