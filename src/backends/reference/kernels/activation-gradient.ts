import type { Activation } from '../../../backend/backend.ts';
import { activationOf, sigmoid } from './activation.ts';
import { erfc } from './erfc.ts';

/** inputGrad[i] = outputGrad[i] · activation′(input[i]). */
export function activateGradient(
  inputGrad: Float32Array,
  outputGrad: Float32Array,
  input: Float32Array,
  activation: Activation,
): void {
  const slope = slopeOf(activation);
  for (let i = 0; i < input.length; i++) inputGrad[i] = outputGrad[i]! * slope(input[i]!);
}

/** gateGrad[i] = outputGrad[i] · activation′(gate[i]) · up[i]; upGrad[i] = outputGrad[i] · activation(gate[i]). */
export function gateGradient(
  { gateGrad, upGrad }: { readonly gateGrad: Float32Array; readonly upGrad: Float32Array },
  outputGrad: Float32Array,
  gate: Float32Array,
  up: Float32Array,
  activation: Activation,
): void {
  const f = activationOf(activation);
  const slope = slopeOf(activation);
  for (let i = 0; i < gate.length; i++) {
    const grad = outputGrad[i]!; // either output may be outputGrad
    gateGrad[i] = grad * slope(gate[i]!) * up[i]!;
    upGrad[i] = grad * f(gate[i]!);
  }
}

function slopeOf(activation: Activation): (x: number) => number {
  switch (activation) {
    case 'relu':
      return (x) => (x > 0 ? 1 : 0);
    case 'gelu':
      return (x) => erfc(-x / Math.SQRT2) / 2 + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI); // Φ(x) + x · φ(x)
    case 'gelu_tanh':
      return tanhGeluSlope;
    case 'silu':
      return (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    case 'quick_gelu':
      return (x) => sigmoid(1.702 * x) * (1 + 1.702 * x * (1 - sigmoid(1.702 * x)));
    case 'tanh':
      return (x) => 1 - Math.tanh(x) ** 2;
    case 'sigmoid':
      return (x) => sigmoid(x) * (1 - sigmoid(x));
    default:
      activation satisfies never;
      throw new TypeError(`Cannot differentiate: unknown activation ${JSON.stringify(activation)}`);
  }
}

/** Of x/2 · (1 + tanh u), u = √(2/π) · (x + 0.044715 x³). */
function tanhGeluSlope(x: number): number {
  const factor = Math.sqrt(2 / Math.PI);
  const t = Math.tanh(factor * (x + 0.044715 * x ** 3));
  return (1 + t) / 2 + (x / 2) * (1 - t * t) * factor * (1 + 3 * 0.044715 * x * x);
}
