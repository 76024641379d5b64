import type { RotaryShape } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

const SIZES = [
  { heads: 1, headSize: 1, rotarySize: 0 },
  { heads: 1, headSize: 2, rotarySize: 2 },
  { heads: 3, headSize: 5, rotarySize: 4 },
  { heads: 2, headSize: 8, rotarySize: 8 },
  { heads: 5, headSize: 8, rotarySize: 2 },
  { heads: 4, headSize: 64, rotarySize: 64 },
  { heads: 3, headSize: 80, rotarySize: 32 },
  { heads: 2, headSize: 80, rotarySize: 22 },
  { heads: 2, headSize: 128, rotarySize: 128 },
] as const;

const SHAPES: readonly RotaryShape[] = SIZES.flatMap((sizes) => [
  { ...sizes, interleaved: false },
  { ...sizes, interleaved: true },
]);

export const rotaryCases: readonly ConformanceCase[] = [
  ...SHAPES.flatMap((shape) => [0, 1, 3, 17].map((tokens) => sizeCase(tokens, shape))),
  ...SHAPES.filter(({ headSize }) => headSize === 80).flatMap((shape) => [inPlaceCase(shape), sameBitsCase(shape)]),
];

function describe({ heads, headSize, rotarySize, interleaved }: RotaryShape): string {
  return `${heads} heads of ${headSize}, ${rotarySize} of them turned${interleaved ? ', interleaved' : ''}`;
}

interface Angles {
  readonly cosines: Float32Array; // (tokens, rotarySize / 2)
  readonly sines: Float32Array;
}

function anglesOf(tokens: number, { rotarySize }: RotaryShape): Angles {
  const angles = randomFloats(50, (tokens * rotarySize) / 2, Math.PI);
  return { cosines: angles.map(Math.cos), sines: angles.map(Math.sin) };
}

function rotate(bench: Workbench, input: Float32Array, angles: Angles, shape: RotaryShape): Promise<Numbers> {
  const [from, cosines, sines] = [bench.put(input), bench.put(angles.cosines), bench.put(angles.sines)];
  return bench.result(input.length, (output) => bench.backend.rotate(output, from, cosines, sines, shape));
}

function sizeCase(tokens: number, shape: RotaryShape): ConformanceCase {
  return compareWithReference({
    op: 'rotate',
    of: `${tokens} tokens, ${describe(shape)}`,
    compute: (bench) => {
      const input = randomFloats(51, tokens * shape.heads * shape.headSize, 2);
      return rotate(bench, input, anglesOf(tokens, shape), shape);
    },
  });
}

function inPlaceCase(shape: RotaryShape): ConformanceCase {
  return requirement('rotate', `output may be the input, ${describe(shape)}`, async (bench, check) => {
    const tokens = 5;
    const input = randomFloats(52, tokens * shape.heads * shape.headSize, 2);
    const angles = anglesOf(tokens, shape);
    const [cosines, sines] = [bench.put(angles.cosines), bench.put(angles.sines)];
    const together = await bench.inPlace(input, (buffer) =>
      bench.backend.rotate(buffer, buffer, cosines, sines, shape),
    );
    check.sameBits(together, await rotate(bench, input, angles, shape));
  });
}

function sameBitsCase(shape: RotaryShape): ConformanceCase {
  return requirement(
    'rotate',
    `same bits for a token alone and among many, ${describe(shape)}`,
    async (bench, check) => {
      const tokens = 33;
      const width = shape.heads * shape.headSize;
      const numAngles = shape.rotarySize / 2;
      const input = randomFloats(53, tokens * width, 2);
      const { cosines, sines } = anglesOf(tokens, shape);
      const whole = await rotate(bench, input, { cosines, sines }, shape);
      for (let t = 0; t < tokens; t++) {
        const part = (numbers: Numbers, size: number) => numbers.slice(t * size, (t + 1) * size) as Float32Array;
        const angles = { cosines: part(cosines, numAngles), sines: part(sines, numAngles) };
        const alone = await rotate(bench, part(input, width), angles, shape);
        check.sameBits(alone, part(whole, width), `token ${t}`);
      }
    },
  );
}
