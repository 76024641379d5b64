import { embed } from '../ops/embed.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

/** A table of vectors, looked up by id. */
export class Embedding {
  readonly weight: Weight;

  constructor(weight: Weight) {
    this.weight = weight;
  }

  /** ids (T) → (T, C). */
  forward(ids: Tensor): Tensor {
    return embed(ids, this.weight);
  }
}
