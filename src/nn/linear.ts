import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

/** y = x · weightᵀ + bias. */
export class Linear {
  readonly weight: Weight;
  readonly bias: Tensor | undefined;

  constructor(weight: Weight, bias?: Tensor) {
    this.weight = weight;
    this.bias = bias;
  }

  /** (…, inputs) → (…, outputs). */
  forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }
}
