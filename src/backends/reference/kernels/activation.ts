import type { Activation } from '../../../backend/backend.ts';
import { erfc } from './erfc.ts';

/** output[i] = activation(input[i]). */
export function activate(output: Float32Array, input: Float32Array, activation: Activation): void {
  const f = activationOf(activation);
  for (let i = 0; i < output.length; i++) output[i] = f(input[i]!);
}

/** output[i] = activation(gate[i]) · up[i]. */
export function gate(output: Float32Array, gate: Float32Array, up: Float32Array, activation: Activation): void {
  const f = activationOf(activation);
  for (let i = 0; i < output.length; i++) output[i] = f(gate[i]!) * up[i]!;
}

/** The function of a number that an activation is. */
export function activationOf(activation: Activation): (x: number) => number {
  switch (activation) {
    case 'relu':
      return (x) => Math.max(x, 0);
    case 'gelu':
      return (x) => (x / 2) * erfc(-x / Math.SQRT2); // x · Φ(x)
    case 'gelu_tanh':
      return (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case 'silu':
      return (x) => x * sigmoid(x);
    case 'quick_gelu':
      return (x) => x * sigmoid(1.702 * x);
    case 'tanh':
      return Math.tanh;
    case 'sigmoid':
      return sigmoid;
    default:
      activation satisfies never;
      throw new TypeError(`Cannot activate: unknown activation ${JSON.stringify(activation)}`);
  }
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
