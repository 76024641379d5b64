import { Tensor } from '../tensor/tensor.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** Zeros of the shape of each parameter under each name, as `NAME.PATH`. If memory does not suffice, none is taken. */
export function allocateState(
  { backend, list }: TrainedParameters,
  names: readonly string[],
): ReadonlyMap<string, Tensor> {
  const state = new Map<string, Tensor>();
  try {
    for (const { path, values } of list)
      for (const name of names) state.set(`${name}.${path}`, Tensor.zeros(backend, values.shape));
  } catch (error) {
    releaseState(state);
    throw error;
  }
  return state;
}

export function releaseState(state: ReadonlyMap<string, Tensor>): void {
  for (const tensor of state.values()) tensor.release();
}
