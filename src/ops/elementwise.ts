import type { Activation } from '../backend/backend.ts';
import { formatShape } from '../base/shape.ts';
import { type Origin, Tensor } from '../tensor/tensor.ts';
import { gradientSlot, needGradient } from './gradient-slot.ts';

/**
 * a + b, element by element; b may be one row that repeats over a. Throws a `RangeError` if its length does not divide
 * a's.
 */
export function add(a: Tensor, b: Tensor): Tensor {
  const output = likeFirst('add', a, b);
  a.backend.add(output.buffer, a.buffer, b.buffer);
  if (!needGradient(a, b)) return output;
  return output.withOrigin({
    inputs: [a, b],
    saved: [],
    backward: (gradient) => [a.needsGradient ? gradient : undefined, rowSum(gradient, b)],
  });
}

/**
 * a · b, element by element; b may be one row that repeats over a. Throws a `RangeError` if its length does not divide
 * a's.
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  const output = likeFirst('multiply', a, b);
  a.backend.multiply(output.buffer, a.buffer, b.buffer);
  if (!needGradient(a, b)) return output;
  return output.withOrigin({
    inputs: [a, b],
    saved: [a, b],
    backward: (gradient) => [
      a.needsGradient ? multiply(gradient, detached(b)) : undefined,
      b.needsGradient ? rowSum(multiply(gradient, detached(a)), b) : undefined,
    ],
  });
}

/** input · factor, element by element. */
export function scale(input: Tensor, factor: number): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.scale(output.buffer, input.buffer, factor);
  if (!input.needsGradient) return output;
  return output.withOrigin({ inputs: [input], saved: [], backward: (gradient) => [scale(gradient, factor)] });
}

/** activation(input), element by element. */
export function activate(input: Tensor, activation: Activation): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.activate(output.buffer, input.buffer, activation);
  if (!input.needsGradient) return output;
  return output.withOrigin({
    inputs: [input],
    saved: [input],
    backward(gradient) {
      const inputGrad = Tensor.allocate(input.backend, input.shape);
      input.backend.activateGradient(inputGrad.buffer, gradient.buffer, input.buffer, activation);
      return [inputGrad];
    },
  });
}

/** activation(gate) · up, of one shape: SwiGLU, GeGLU (Shazeer 2020). Throws a `RangeError` for different shapes. */
export function gate(gate: Tensor, up: Tensor, activation: Activation): Tensor {
  up.expectShape(gate.shape, 'the up projection of a gated unit');
  const output = Tensor.allocate(gate.backend, gate.shape);
  gate.backend.gate(output.buffer, gate.buffer, up.buffer, activation);
  return needGradient(gate, up) ? output.withOrigin(gateOrigin(gate, up, activation)) : output;
}

function gateOrigin(gate: Tensor, up: Tensor, activation: Activation): Origin {
  return {
    inputs: [gate, up],
    saved: [gate, up],
    backward({ buffer: outputGrad }) {
      const [gateGrad, upGrad] = [Tensor.allocate(gate.backend, gate.shape), Tensor.allocate(gate.backend, gate.shape)];
      gate.backend.gateGradient(gateGrad.buffer, upGrad.buffer, outputGrad, gate.buffer, up.buffer, activation);
      return [gateGrad, upGrad];
    },
  };
}

/**
 * Zeros with probability `rate`, the rest divided by 1 − rate (Srivastava et al. 2014); which elements, `seed` (32 bits)
 * decides. Throws a `RangeError` unless 0 ≤ rate < 1.
 */
export function dropout(input: Tensor, options: { readonly seed: number; readonly rate: number }): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.dropout(output.buffer, input.buffer, options);
  if (!input.needsGradient) return output;
  return output.withOrigin({ inputs: [input], saved: [], backward: (gradient) => [dropout(gradient, options)] });
}

/** The gradient of `b`, which repeats over the rows that `gradient` has. */
function rowSum(gradient: Tensor, b: Tensor): Tensor | undefined {
  if (!b.needsGradient) return undefined;
  if (gradient.buffer.length === b.buffer.length) return gradient.reshape(b.shape);
  const { buffer, handOn } = gradientSlot(b);
  if (buffer !== undefined) b.backend.addRowSum(buffer, gradient.buffer);
  return handOn;
}

function detached(tensor: Tensor): Tensor {
  return new Tensor(tensor.backend, tensor.buffer, tensor.shape);
}

function likeFirst(action: string, a: Tensor, b: Tensor): Tensor {
  if (b.buffer.length === 0 ? a.buffer.length > 0 : a.buffer.length % b.buffer.length !== 0)
    throw new RangeError(`Cannot ${action}: shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  return Tensor.allocate(a.backend, a.shape);
}
