import { layerNorm, rmsNorm } from '../ops/normalize.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Layer normalisation (Ba et al. 2016). */
export class LayerNorm {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly epsilon: number;

  constructor(weight: Tensor, bias: Tensor | undefined, epsilon: number) {
    this.weight = weight;
    this.bias = bias;
    this.epsilon = epsilon;
  }

  /** (…, C) → (…, C). */
  forward(input: Tensor): Tensor {
    return layerNorm(input, this.weight, this.bias, this.epsilon);
  }
}

/** Root-mean-square normalisation (Zhang & Sennrich 2019). */
export class RmsNorm {
  readonly weight: Tensor;
  readonly epsilon: number;

  constructor(weight: Tensor, epsilon: number) {
    this.weight = weight;
    this.epsilon = epsilon;
  }

  /** (…, C) → (…, C). */
  forward(input: Tensor): Tensor {
    return rmsNorm(input, this.weight, this.epsilon);
  }
}

export type Norm = LayerNorm | RmsNorm;
