import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import { type AdaptedRows, adapted } from './adapter.ts';

/** y = x · weightᵀ + bias, and what adapters add to it. */
export class Linear {
  readonly weight: Weight;
  readonly bias: Tensor | undefined;

  constructor(weight: Weight, bias?: Tensor) {
    this.weight = weight;
    this.bias = bias;
  }

  /** (…, inputs) → (…, outputs). */
  forward(input: Tensor, adapters?: readonly AdaptedRows[] | undefined): Tensor {
    return adapted(linear(input, this.weight, this.bias), input, this.weight, adapters);
  }
}
