import { Tensor } from '../tensor/tensor.ts';
import type { Optimizer, OptimizerStep, SgdSettings } from './optimizer.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** Gradient descent with momentum, as PyTorch has it; only matrices decay, norms and biases do not. */
export class Sgd implements Optimizer {
  readonly #trained: TrainedParameters;
  readonly #options: SgdSettings;
  readonly #velocities: ReadonlyMap<string, Tensor>;

  constructor(trained: TrainedParameters, options: SgdSettings) {
    this.#trained = trained;
    this.#options = options;
    this.#velocities = new Map(
      trained.list.map(({ path, values }) => [path, Tensor.zeros(trained.backend, values.shape)]),
    );
  }

  get state(): ReadonlyMap<string, Tensor> {
    return new Map([...this.#velocities].map(([path, velocity]) => [`velocity.${path}`, velocity]));
  }

  step({ learningRate, gradientScale }: OptimizerStep): void {
    const { momentum, weightDecay } = this.#options;
    for (const { path, kind, values, gradient } of this.#trained.list)
      this.#trained.backend.sgdStep(values.buffer, this.#velocities.get(path)!.buffer, gradient.buffer, {
        learningRate,
        gradientScale,
        momentum,
        weightDecay: kind === 'matrix' ? weightDecay : 0,
      });
  }

  release(): void {
    for (const velocity of this.#velocities.values()) velocity.release();
  }
}
