import type { Tensor } from '../tensor/tensor.ts';
import type { AdamWSettings, Optimizer, OptimizerStep } from './optimizer.ts';
import { allocateState, releaseState } from './optimizer-state.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** AdamW (Loshchilov & Hutter 2019); only matrices decay, norms and biases do not. */
export class AdamW implements Optimizer {
  readonly state: ReadonlyMap<string, Tensor>;
  readonly #trained: TrainedParameters;
  readonly #settings: AdamWSettings;

  constructor(trained: TrainedParameters, settings: AdamWSettings) {
    this.#trained = trained;
    this.#settings = settings;
    this.state = allocateState(trained, ['firstMoment', 'secondMoment']);
  }

  step({ learningRate, gradientScale, step }: OptimizerStep): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#settings;
    const { backend, list } = this.#trained;
    const options = { learningRate, gradientScale, step, beta1, beta2, epsilon };
    for (const { path, kind, values, gradient } of list) {
      const [first, second] = [this.state.get(`firstMoment.${path}`)!, this.state.get(`secondMoment.${path}`)!];
      backend.adamWStep(values.buffer, first.buffer, second.buffer, gradient.buffer, {
        ...options,
        weightDecay: kind === 'matrix' ? weightDecay : 0,
      });
    }
  }

  release(): void {
    releaseState(this.state);
  }
}
