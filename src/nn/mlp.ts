import type { Activation } from '../backend/backend.ts';
import { activate, gate } from '../ops/elementwise.ts';
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

  /** (T, C) → (T, C). */
  forward(input: Tensor, context: LinearContext = {}): Tensor {
    const up = this.up.forward(input, context); // (T, intermediate)
    const hidden = this.gate
      ? gate(this.gate.forward(input, context), up, this.activation)
      : activate(up, this.activation);
    return this.down.forward(hidden, context);
  }
}
