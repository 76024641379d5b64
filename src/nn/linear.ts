import type { LinearEpilogue } from '../backend/backend.ts';
import { finished, linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import { type AdaptedRows, adapted } from './adapter.ts';

/** What a batch brings to each linear layer. */
export interface LinearContext {
  readonly adapters?: readonly AdaptedRows[] | undefined;
  readonly observeInput?: InputObserver | undefined;
}

/** Sees the input (T, inputs) of each linear layer, which is known by its weight. */
export type InputObserver = (weight: Weight, input: Tensor) => void;

/** y = x · weightᵀ + bias, and what adapters add to it; then what may follow, an activation and a residual. */
export class Linear {
  readonly weight: Weight;
  readonly bias: Tensor | undefined;

  constructor(weight: Weight, bias?: Tensor) {
    this.weight = weight;
    this.bias = bias;
  }

  /** (…, inputs) → (…, outputs). */
  forward(
    input: Tensor,
    { adapters, observeInput }: LinearContext = {},
    epilogue: LinearEpilogue<Tensor> = {},
  ): Tensor {
    const { weight, bias } = this;
    observeInput?.(weight, input);
    if (adapters === undefined) return linear(input, weight, bias, epilogue);
    return finished(adapted(linear(input, weight, bias), input, weight, adapters), epilogue);
  }
}
