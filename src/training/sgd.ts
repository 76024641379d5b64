import type { Tensor } from '../tensor/tensor.ts';
import type { Optimizer, OptimizerStep, SgdSettings } from './optimizer.ts';
import { allocateState, releaseState } from './optimizer-state.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** Gradient descent with momentum, as PyTorch has it; only matrices decay, norms and biases do not. */
export class Sgd implements Optimizer {
  readonly state: ReadonlyMap<string, Tensor>;
  readonly #trained: TrainedParameters;
  readonly #settings: SgdSettings;

  constructor(trained: TrainedParameters, settings: SgdSettings) {
    this.#trained = trained;
    this.#settings = settings;
    this.state = allocateState(trained, ['velocity']);
  }

  step({ learningRate, gradientScale }: OptimizerStep): void {
    const { momentum, weightDecay } = this.#settings;
    const { backend, list } = this.#trained;
    for (const { path, kind, values, gradient } of list)
      backend.sgdStep(values.buffer, this.state.get(`velocity.${path}`)!.buffer, gradient.buffer, {
        learningRate,
        gradientScale,
        momentum,
        weightDecay: kind === 'matrix' ? weightDecay : 0,
      });
  }

  release(): void {
    releaseState(this.state);
  }
}
