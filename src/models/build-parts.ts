import { Linear } from '../nn/linear.ts';
import { LayerNorm } from '../nn/norm.ts';
import type { Parameters } from './parameters.ts';

/** The linear layer of the parameters at a path; without a bias if there is none. */
export function linearAt(parameters: Parameters, path: string): Linear {
  return new Linear(parameters.weight(`${path}.weight`), parameters.optionalVector(`${path}.bias`));
}

/** The layer norm of the parameters at a path; without a bias if there is none. */
export function layerNormAt(parameters: Parameters, path: string, epsilon: number): LayerNorm {
  return new LayerNorm(parameters.vector(`${path}.weight`), parameters.optionalVector(`${path}.bias`), epsilon);
}
