import { Tensor } from '../tensor/tensor.ts';
import type { AdamWSettings, Optimizer, OptimizerStep } from './optimizer.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** AdamW (Loshchilov & Hutter 2019); only matrices decay, norms and biases do not. */
export class AdamW implements Optimizer {
  readonly #trained: TrainedParameters;
  readonly #options: AdamWSettings;
  readonly #moments: ReadonlyMap<string, { readonly first: Tensor; readonly second: Tensor }>;

  constructor(trained: TrainedParameters, options: AdamWSettings) {
    this.#trained = trained;
    this.#options = options;
    const zeros = (like: Tensor) => Tensor.zeros(trained.backend, like.shape);
    this.#moments = new Map(
      trained.list.map(({ path, values }) => [path, { first: zeros(values), second: zeros(values) }]),
    );
  }

  get state(): ReadonlyMap<string, Tensor> {
    return new Map(
      [...this.#moments].flatMap(([path, { first, second }]): [string, Tensor][] => [
        [`firstMoment.${path}`, first],
        [`secondMoment.${path}`, second],
      ]),
    );
  }

  step({ learningRate, gradientScale, step }: OptimizerStep): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    const options = { learningRate, gradientScale, step, beta1, beta2, epsilon };
    for (const { path, kind, values, gradient } of this.#trained.list) {
      const { first, second } = this.#moments.get(path)!;
      this.#trained.backend.adamWStep(values.buffer, first.buffer, second.buffer, gradient.buffer, {
        ...options,
        weightDecay: kind === 'matrix' ? weightDecay : 0,
      });
    }
  }

  release(): void {
    for (const tensor of this.state.values()) tensor.release();
  }
}
