import type { PositionBias } from '../backend/backend.ts';
import { gatherRows } from '../ops/rows.ts';
import { Tensor } from '../tensor/tensor.ts';

export interface RelativePositionBiasParts {
  /** (buckets, H) */
  readonly table: Tensor;
  /** From this distance on, all keys are in the last bucket. */
  readonly maxDistance: number;
  /** Keys after the query have buckets of their own, as many as those before it. */
  readonly bidirectional: boolean;
}

/**
 * A learned bias of attention scores by head and distance (Raffel et al. 2020, section 2.1): near distances have a bucket each,
 * farther ones share them, in logarithmic steps.
 */
export class RelativePositionBias {
  readonly parts: RelativePositionBiasParts;
  /** The row of the table of each column, for every head. */
  readonly #places: Int32Array; // (H, width)
  readonly #own: number;

  constructor(parts: RelativePositionBiasParts) {
    this.parts = parts;
    const { table, maxDistance, bidirectional } = parts;
    const [numBuckets, heads] = table.shape as [number, number];
    const last = bidirectional ? maxDistance : 0;
    const width = maxDistance + 1 + last;
    this.#own = maxDistance;
    this.#places = Int32Array.from({ length: heads * width }, (_, i) => {
      const distance = (i % width) - maxDistance;
      return (
        relativePositionBucket(distance, { numBuckets, maxDistance, bidirectional }) * heads + Math.floor(i / width)
      );
    });
  }

  /** What every layer's self-attention adds to its scores. Call inside a scope. */
  forward(): PositionBias<Tensor> {
    const { table } = this.parts;
    const { backend } = table;
    const heads = table.shape[1]!;
    const elements = table.reshape([table.buffer.length, 1]);
    const values = gatherRows(elements, Tensor.from(backend, this.#places));
    return { values: values.reshape([heads, this.#places.length / heads]), own: this.#own };
  }
}

/**
 * The bucket of a key `distance` tokens after the query (before it: negative), as Mesh TensorFlow counts them: half of those of a
 * direction for one distance each, the other half for logarithmic steps up to `maxDistance`. Not bidirectional, keys after the
 * query are as the query itself.
 *
 * @example
 * relativePositionBucket(-3, { numBuckets: 32, maxDistance: 128, bidirectional: false }); // 3
 */
export function relativePositionBucket(
  distance: number,
  it: { readonly numBuckets: number; readonly maxDistance: number; readonly bidirectional: boolean },
): number {
  const numBuckets = it.bidirectional ? Math.floor(it.numBuckets / 2) : it.numBuckets;
  const first = it.bidirectional && distance > 0 ? numBuckets : 0;
  const steps = it.bidirectional ? Math.abs(distance) : Math.max(0, -distance);
  const numExact = Math.floor(numBuckets / 2);
  if (steps < numExact) return first + steps;
  // In float32, as every implementation has it: at the border of two buckets rounding decides.
  const share = Math.fround(Math.fround(Math.log(Math.fround(steps / numExact))) / Math.log(it.maxDistance / numExact));
  const further = Math.trunc(Math.fround(share * (numBuckets - numExact)));
  return first + Math.min(numBuckets - 1, numExact + further);
}
