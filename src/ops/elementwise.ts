import type { Activation } from '../backend/backend.ts';
import { formatShape } from '../base/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/**
 * a + b, element by element; b may be one row that repeats over a. Throws a `RangeError` if its length does not divide
 * a's.
 */
export function add(a: Tensor, b: Tensor): Tensor {
  const output = likeFirst('add', a, b);
  a.backend.add(output.buffer, a.buffer, b.buffer);
  return output;
}

/**
 * a · b, element by element; b may be one row that repeats over a. Throws a `RangeError` if its length does not divide
 * a's.
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  const output = likeFirst('multiply', a, b);
  a.backend.multiply(output.buffer, a.buffer, b.buffer);
  return output;
}

/** input · factor, element by element. */
export function scale(input: Tensor, factor: number): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.scale(output.buffer, input.buffer, factor);
  return output;
}

/** activation(input), element by element. */
export function activate(input: Tensor, activation: Activation): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.activate(output.buffer, input.buffer, activation);
  return output;
}

/** activation(gate) · up, of one shape: SwiGLU, GeGLU (Shazeer 2020). Throws a `RangeError` for different shapes. */
export function gate(gate: Tensor, up: Tensor, activation: Activation): Tensor {
  up.expectShape(gate.shape, 'the up projection of a gated unit');
  const output = Tensor.allocate(gate.backend, gate.shape);
  gate.backend.gate(output.buffer, gate.buffer, up.buffer, activation);
  return output;
}

function likeFirst(action: string, a: Tensor, b: Tensor): Tensor {
  if (b.buffer.length === 0 ? a.buffer.length > 0 : a.buffer.length % b.buffer.length !== 0)
    throw new RangeError(`Cannot ${action}: shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  return Tensor.allocate(a.backend, a.shape);
}
