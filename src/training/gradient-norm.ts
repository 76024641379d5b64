import { Tensor } from '../tensor/tensor.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** The length of each gradient, in the order of the parameters. */
export async function gradientNorms({ backend, list }: TrainedParameters): Promise<readonly number[]> {
  const squares = backend.scope(() => list.map(({ gradient }) => sumOfSquares(gradient).read()));
  return (await Promise.all(squares)).map(([square]) => Math.sqrt(square!));
}

/** The length of all gradients together. */
export function globalNorm(norms: readonly number[]): number {
  return Math.sqrt(norms.reduce((sum, norm) => sum + norm * norm, 0));
}

/** The factor that shortens gradients of the given length to `clipNorm`, if they are longer (Pascanu et al. 2013). */
export function clippingScale(norm: number, clipNorm: number | 'none'): number {
  return clipNorm === 'none' || norm <= clipNorm ? 1 : clipNorm / norm;
}

/** Σ x² → (1). */
function sumOfSquares(input: Tensor): Tensor {
  const output = Tensor.allocate(input.backend, [1]);
  input.backend.sumOfSquares(output.buffer, input.buffer);
  return output;
}
