import type { DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** [rows, columns] */
const SHAPES = [
  [0, 7],
  [1, 1],
  [3, 1],
  [2, 3],
  [7, 17],
  [33, 31],
  [2, 50257],
] as const;

export const drawCases: readonly ConformanceCase[] = [
  ...SHAPES.flatMap(([rows, columns]) => sizeCases(rows, columns)),
  ...placeCases(),
  ...minPCases(),
  requirement('draw', 'a row with NaN gives an index in range', async (bench, check) => {
    const { indices } = await draw(bench, Float32Array.of(1, Number.NaN, 1, 1), [0.5], 4);
    check.isTrue(indices[0]! >= 0 && indices[0]! < 4, `index ${indices[0]} of 4`);
  }),
];

function sizeCases(rows: number, columns: number): readonly ConformanceCase[] {
  const weights = randomFloats(75, rows * columns).map(Math.abs);
  const uniforms = Array.from({ length: rows }, (_, row) => (row * 0.37 + 0.2) % 1);
  return (['indices', 'values'] as const).map((part) =>
    compareWithReference({
      op: 'draw',
      of: `${part} of ${rows} rows of ${columns}`,
      compute: async (bench) => (await draw(bench, weights, uniforms, columns))[part],
    }),
  );
}

function placeCases(): readonly ConformanceCase[] {
  const weights = [0, 2, 0, 1, 1, 0];
  const places: readonly (readonly [uniform: number, wanted: number])[] = [
    [0, 1],
    [0.25, 1],
    [0.5, 3],
    [0.74, 3],
    [0.75, 4],
    [0.999, 4],
    [1, 5],
  ];
  return places.map(([uniform, wanted]) =>
    requirement('draw', `at ${uniform}`, async (bench, check) => {
      const { indices, values } = await draw(bench, Float32Array.from(weights), [uniform], weights.length);
      check.sameBits(indices, Int32Array.of(wanted));
      check.sameBits(values, Float32Array.of(weights[wanted]!));
    }),
  );
}

function minPCases(): readonly ConformanceCase[] {
  const weights = [0, 2, 0.5, 1, 4, 0];
  const places: readonly (readonly [minP: number, uniform: number, wanted: number])[] = [
    [0.25, 0, 1],
    [0.25, 0.285, 1],
    [0.25, 0.286, 3],
    [0.5, 0.3, 1],
    [0.5, 0.34, 4],
    [1, 0, 4],
  ];
  return places.map(([minP, uniform, wanted]) =>
    requirement('draw', `with min-p ${minP} at ${uniform}`, async (bench, check) => {
      const { indices } = await draw(bench, Float32Array.from(weights), [uniform], weights.length, minP);
      check.sameBits(indices, Int32Array.of(wanted));
    }),
  );
}

async function draw(bench: Workbench, weights: Float32Array, uniforms: readonly number[], columns: number, minP = 0) {
  const { backend } = bench;
  const rows = uniforms.length;
  const [indices, values] = [bench.output(rows, 'int32'), bench.output(rows)];
  backend.draw(indices, values, bench.put(weights), bench.put(Float32Array.from(uniforms)), { columns, minP });
  const read = <Kind>(buffer: DeviceBuffer) => backend.read(buffer) as Promise<Kind>;
  return { indices: await read<Int32Array>(indices), values: await read<Float32Array>(values) };
}
