import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

const KINDS = ['layerNorm', 'layerNorm without bias', 'rmsNorm'] as const;
type Kind = (typeof KINDS)[number];

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 15, 31, 33, 64, 100, 768, 1025];

/** Rows of 8 that are awkward to normalise, each held to the tolerance by itself. */
const AWKWARD_ROWS = new Float32Array([
  ...[0, 0, 0, 0, 0, 0, 0, 0],
  ...[5, 5, 5, 5, 5, 5, 5, 5],
  ...[1000.5, 1000, 999.5, 1001, 1000.25, 999, 1000, 1000.75], // a large mean and a small variance
  ...[1e15, -2e15, 3e15, 1e14, -1e15, 0, 2e15, 1e13],
  ...[1e-12, -2e-12, 3e-12, 0, 1e-13, 4e-12, -1e-12, 2e-12],
  ...[0, 0, 0, 1e4, 0, 0, 0, 0],
]);

export const normCases: readonly ConformanceCase[] = KINDS.flatMap((kind) => [
  ...CHANNELS.flatMap((channels) => [0, 1, 3].map((tokens) => sizeCase(kind, tokens, channels))),
  sizeCase(kind, 67, 96),
  awkwardCase(kind),
  inPlaceCase(kind),
  sameBitsCase(kind),
]);

function opOf(kind: Kind): 'layerNorm' | 'rmsNorm' {
  return kind === 'rmsNorm' ? 'rmsNorm' : 'layerNorm';
}

/** Runs the norm with random weights (C) over `input` (T, C). */
function normalize(bench: Workbench, kind: Kind, input: Float32Array, channels: number): Promise<Numbers> {
  const from = bench.put(input);
  return bench.result(input.length, (output) => record(bench, kind, output, from, channels));
}

function record(bench: Workbench, kind: Kind, ...[output, from, channels]: RecordArguments): void {
  const weight = bench.put(randomFloats(40, channels, 2));
  const bias = kind === 'layerNorm' ? bench.put(randomFloats(41, channels)) : undefined;
  if (kind === 'rmsNorm') bench.backend.rmsNorm(output, from, weight, 1e-5);
  else bench.backend.layerNorm(output, from, weight, bias, 1e-5);
}

type Buffer = ReturnType<Workbench['put']>;
type RecordArguments = [output: Buffer, from: Buffer, channels: number];

function sizeCase(kind: Kind, tokens: number, channels: number): ConformanceCase {
  return compareWithReference({
    op: opOf(kind),
    of: `${kind}, ${tokens} rows of ${channels}`,
    compute: (bench) => normalize(bench, kind, randomFloats(42, tokens * channels, 2), channels),
  });
}

function awkwardCase(kind: Kind): ConformanceCase {
  return compareWithReference({
    op: opOf(kind),
    of: `${kind}, zeros, constants, large means, large and tiny numbers`,
    rowLength: 8,
    compute: (bench) => normalize(bench, kind, AWKWARD_ROWS, 8),
  });
}

function inPlaceCase(kind: Kind): ConformanceCase {
  return requirement(opOf(kind), `${kind}, output may be the input`, async (bench, check) => {
    const [tokens, channels] = [5, 67];
    const input = randomFloats(43, tokens * channels, 2);
    const apart = await normalize(bench, kind, input, channels);
    check.sameBits(await bench.inPlace(input, (buffer) => record(bench, kind, buffer, buffer, channels)), apart);
  });
}

function sameBitsCase(kind: Kind): ConformanceCase {
  return requirement(opOf(kind), `${kind}, same bits for a row alone and among many`, async (bench, check) => {
    for (const [tokens, channels] of [
      [17, 33],
      [70, 128],
    ] as const) {
      const input = randomFloats(44, tokens * channels, 2);
      const whole = await normalize(bench, kind, input, channels);
      for (let start = 0; start < input.length; start += channels) {
        const alone = await normalize(bench, kind, input.subarray(start, start + channels), channels);
        check.sameBits(alone, whole.subarray(start, start + channels), `row ${start / channels} of ${tokens}`);
      }
    }
  });
}
