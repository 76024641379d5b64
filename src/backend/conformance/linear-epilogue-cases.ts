import { describeScheme, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import { quantizeToNearest } from '../../quantized/round-to-nearest.ts';
import { ACTIVATIONS, type Activation, type DeviceBuffer, type LinearEpilogue } from '../backend.ts';
import { type MatrixFormat, WEIGHT_DTYPES } from '../dtype.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import { putQuantized } from './quantized-cases.ts';
import type { Workbench } from './workbench.ts';

const SCHEMES: readonly QuantizationScheme[] = [
  { bits: 8, groupSize: 32, isSymmetric: true, scaleDType: 'bfloat16' },
  { bits: 4, groupSize: 32, isSymmetric: true, scaleDType: 'bfloat16' },
];

/** [tokens, rows, columns]: one row, a few and many, outputs that fill vectors and panels and such that do not. */
const SHAPES = [
  [1, 384, 40],
  [1, 3, 7],
  [3, 41, 70],
  [26, 57, 33],
  [67, 41, 96],
  [130, 24, 9],
] as const;

export const linearEpilogueCases: readonly ConformanceCase[] = [...WEIGHT_DTYPES, ...SCHEMES].flatMap((format) =>
  SHAPES.map(([tokens, rows, columns]) => epilogueCase(format, { tokens, rows, columns })),
);

interface Sizes {
  readonly tokens: number;
  readonly rows: number;
  readonly columns: number;
}

function epilogueCase(format: MatrixFormat, { tokens, rows, columns }: Sizes): ConformanceCase {
  const of = typeof format === 'string' ? format : describeScheme(format);
  const what = `same bits as linear, activate and add, ${tokens} × ${columns} by ${rows} × ${columns}, ${of}`;
  return requirement('linear', what, async (bench, check) => {
    const { backend } = bench;
    const weights = randomFloats(210, rows * columns);
    const matrix =
      typeof format === 'string'
        ? await bench.matrix(format, rows, columns, weights)
        : await putQuantized(bench, quantizeToNearest(weights, format, rows, columns));
    const [input, bias] = [bench.put(randomFloats(211, tokens * columns)), bench.put(randomFloats(212, rows))];
    const residual = bench.put(randomFloats(213, tokens * rows));
    const products = bench.output(tokens * rows);
    backend.linear(products, input, matrix, bias);
    for (const [activation, addend] of epilogues(residual)) {
      const wanted = await oneByOne(bench, products, { activation, addend });
      const got = await bench.result(tokens * rows, (to) =>
        backend.linear(to, input, matrix, bias, { activation, addend }),
      );
      check.sameBits(got, wanted, `${activation ?? 'no activation'}${addend === undefined ? '' : ', addend'}`);
    }
  });
}

/** Every activation and none, with an addend in turns; and all of nothing. */
function epilogues(residual: DeviceBuffer): readonly (readonly [Activation | undefined, DeviceBuffer | undefined])[] {
  const activated = ACTIVATIONS.map((activation, i) => [activation, i % 2 === 0 ? undefined : residual] as const);
  return [...activated, [undefined, residual], [undefined, undefined]];
}

function oneByOne(bench: Workbench, products: DeviceBuffer, { activation, addend }: LinearEpilogue): Promise<Numbers> {
  return bench.result(products.length, (to) => {
    if (activation === undefined) bench.backend.copy(to, products);
    else bench.backend.activate(to, products, activation);
    if (addend !== undefined) bench.backend.add(to, to, addend);
  });
}
