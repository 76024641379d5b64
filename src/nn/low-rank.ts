import { scale } from '../ops/elementwise.ts';
import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import type { Dropout } from './dropout.ts';

export interface LowRankParts {
  /** Of the linear layer that it changes: `layers.0.attention.query`. */
  readonly path: string;
  /** (r, inputs). */
  readonly a: Weight;
  /** (outputs, r). */
  readonly b: Weight;
  readonly scale: number;
}

/** What an adapter adds to a linear layer: x to scale · (x·Aᵀ)·Bᵀ (Hu et al. 2021). */
export class LowRank {
  readonly parts: LowRankParts;

  constructor(parts: LowRankParts) {
    this.parts = parts;
  }

  /** (n, inputs) → (n, outputs). */
  forward(input: Tensor, dropout?: Dropout): Tensor {
    const { path, a, b, scale: factor } = this.parts;
    const dropped = dropout === undefined ? input : dropout(input, path);
    const reduced = linear(dropped, a); // (n, r)
    return linear(scale(reduced, factor), b);
  }
}
