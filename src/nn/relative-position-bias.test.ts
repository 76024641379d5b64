import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readGoldenJson } from '../../test/goldens.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { Tensor } from '../tensor/tensor.ts';
import { RelativePositionBias, relativePositionBucket } from './relative-position-bias.ts';

interface Golden {
  readonly first: number;
  readonly cases: readonly {
    readonly numBuckets: number;
    readonly maxDistance: number;
    readonly bidirectional: boolean;
    /** A bucket, and how many distances on end are in it. */
    readonly buckets: readonly (readonly [bucket: number, count: number])[];
  }[];
}

test('Every distance has the bucket that Transformers gives it', () => {
  const { first, cases } = readGoldenJson<Golden>('relative-positions.json');
  for (const { buckets, ...it } of cases) {
    const wanted = buckets.flatMap(([bucket, count]) => new Array<number>(count).fill(bucket));
    expect(
      wanted.map((_, i) => relativePositionBucket(first + i, it)),
      JSON.stringify(it),
    ).toEqual(wanted);
  }
});

test('A bias is the table looked up by bucket, with the same end columns for all that is further off', async () => {
  const backend = createReferenceBackend();
  const settings = fc.record({
    numBuckets: fc.integer({ min: 4, max: 20 }),
    further: fc.integer({ min: 1, max: 30 }),
    heads: fc.integer({ min: 1, max: 3 }),
    bidirectional: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.integer({ min: -99, max: 99 }),
      async ({ numBuckets, further, heads, ...it }, far) => {
        const maxDistance = Math.floor(numBuckets / 2) + further;
        const elements = Float32Array.from({ length: numBuckets * heads }, (_, i) => i);
        const table = Tensor.from(backend, elements, [numBuckets, heads]);
        const { values, own } = new RelativePositionBias({ table, maxDistance, ...it }).forward();
        const numbers = await values.read();
        const [, width] = values.shape as [number, number];
        const column = Math.max(0, Math.min(width - 1, own + far));
        const bucket = relativePositionBucket(far, { numBuckets, maxDistance, ...it });
        for (let head = 0; head < heads; head++) expect(numbers[head * width + column]).toBe(bucket * heads + head);
      },
    ),
  );
});
