import type { DeviceBuffer } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Where an operation adds the gradient of one of its operands. */
export interface GradientSlot {
  /** Undefined: the operand needs no gradient. */
  readonly buffer: DeviceBuffer | undefined;
  /** What to hand on to where the operand came from; undefined if it was added to a parameter's own gradient. */
  readonly handOn: Tensor | undefined;
}

/** The slot of an operand: a parameter's own gradient, or new zeros for a tensor that was computed. */
export function gradientSlot(operand: Tensor | undefined): GradientSlot {
  if (operand === undefined || !operand.needsGradient) return { buffer: undefined, handOn: undefined };
  if (operand.gradient !== undefined) return { buffer: operand.gradient.buffer, handOn: undefined };
  const zeros = Tensor.zeros(operand.backend, operand.shape);
  return { buffer: zeros.buffer, handOn: zeros };
}

/** Whether a gradient must reach any of the operands. */
export function needGradient(...operands: readonly ({ readonly needsGradient: boolean } | undefined)[]): boolean {
  for (const operand of operands) if (operand?.needsGradient === true) return true;
  return false;
}
