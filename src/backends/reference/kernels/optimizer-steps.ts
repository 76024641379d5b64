import type { AdamWStep, SgdStep } from '../../../backend/training-operations.ts';

/** Σ input[i]², in float64. */
export function sumOfSquares(input: Float32Array): number {
  let sum = 0;
  for (const x of input) sum += x * x;
  return sum;
}

/** The parameters of one step and what the optimizer remembers of each, all of one length. */
export interface AdamWOperands {
  readonly parameter: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly gradient: Float32Array;
}

/** AdamW (Loshchilov & Hutter 2019), in place. */
export function adamWStep({ parameter, firstMoment, secondMoment, gradient }: AdamWOperands, options: AdamWStep): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, gradientScale, step } = options;
  const [firstBias, secondBias] = [1 - beta1 ** step, 1 - beta2 ** step];
  for (let i = 0; i < parameter.length; i++) {
    const g = gradientScale * gradient[i]!;
    const m = beta1 * firstMoment[i]! + (1 - beta1) * g;
    const v = beta2 * secondMoment[i]! + (1 - beta2) * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    const change = m / firstBias / (Math.sqrt(v / secondBias) + epsilon);
    parameter[i] = parameter[i]! * (1 - learningRate * weightDecay) - learningRate * change;
  }
}

/** Gradient descent with momentum, in place. */
export function sgdStep(
  parameter: Float32Array,
  velocity: Float32Array,
  gradient: Float32Array,
  { learningRate, momentum, weightDecay, gradientScale }: SgdStep,
): void {
  for (let i = 0; i < parameter.length; i++) {
    const g = gradientScale * gradient[i]! + weightDecay * parameter[i]!;
    velocity[i] = momentum * velocity[i]! + g;
    parameter[i] = parameter[i]! - learningRate * velocity[i]!;
  }
}
