import type { Activation } from '../backend/backend.ts';
import { gate } from '../ops/elementwise.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Linear, LinearContext } from './linear.ts';

/** The position-wise feed-forward network: down(activation(up(x))), or down(activation(gate(x)) · up(x)) when gated. */
export class Mlp {
  readonly gate: Linear | undefined;
  readonly up: Linear;
  readonly down: Linear;
  readonly activation: Activation;

  constructor(parts: { gate?: Linear | undefined; up: Linear; down: Linear; activation: Activation }) {
    this.gate = parts.gate;
    this.up = parts.up;
    this.down = parts.down;
    this.activation = parts.activation;
  }

  /** (T, C) → (T, C), plus the residual if there is one. */
  forward(input: Tensor, context: LinearContext = {}, residual?: Tensor): Tensor {
    return this.down.forward(this.#hidden(input, context), context, { addend: residual });
  }

  /** (T, C) → (T, intermediate). */
  #hidden(input: Tensor, context: LinearContext): Tensor {
    const { activation } = this;
    if (this.gate === undefined) return this.up.forward(input, context, { activation });
    const up = this.up.forward(input, context);
    return gate(this.gate.forward(input, context), up, activation);
  }
}
