import { Tensor } from '../tensor/tensor.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** The length of each gradient, in the order of the parameters. */
export async function gradientNorms(trained: TrainedParameters): Promise<readonly number[]> {
  const squares = trained.backend.scope(() => sumsOfSquares(trained).map((sum) => sum.read()));
  return (await Promise.all(squares)).map(([square]) => Math.sqrt(square!));
}

/** Σ x² of each gradient, each (1). Call inside a scope. */
export function sumsOfSquares({ backend, list }: TrainedParameters): readonly Tensor[] {
  return list.map(({ gradient }) => {
    const sum = Tensor.allocate(backend, [1]);
    backend.sumOfSquares(sum.buffer, gradient.buffer);
    return sum;
  });
}

/** The length of all gradients together. */
export function globalNorm(norms: readonly number[]): number {
  return Math.sqrt(norms.reduce((sum, norm) => sum + norm * norm, 0));
}

/** The factor that shortens gradients of the given length to `clipNorm`, if they are longer (Pascanu et al. 2013). */
export function clippingScale(norm: number, clipNorm: number | 'none'): number {
  return clipNorm === 'none' || norm <= clipNorm ? 1 : clipNorm / norm;
}
