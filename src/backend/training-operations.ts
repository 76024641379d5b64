import type { DeviceBuffer, DeviceMatrix } from './device-handles.ts';
import type { Activation, AttentionOptions } from './operations.ts';

/**
 * What training asks of a backend beside the forward operations: the vector-Jacobian products of those, the loss,
 * dropout, and the steps of the optimizers. The contract of `Backend` holds for them too: the order of recording, one
 * fixed order of every sum, zero rows, and an output that never overlaps an input unless the comment allows it.
 *
 * An operand named `outputGrad` is ∂L/∂output of the forward operation, `inputGrad` is ∂L/∂input, and so on. A gradient of
 * an activation is written; a gradient of a parameter is **added to**, since a parameter may be used more than once and a
 * step may have several batches. Letters as in `Backend`: T tokens (rows), C channels, K inputs, N outputs, V vocabulary.
 */
export interface TrainingOperations {
  /** matrix = values (rows · columns), row-major, rounded to the matrix's dtype. */
  packMatrix(matrix: DeviceMatrix, values: DeviceBuffer): void;

  /** inputGrad (T, K) = outputGrad (T, N) · weight (N, K). */
  linearInputGradient(inputGrad: DeviceBuffer, outputGrad: DeviceBuffer, weight: DeviceMatrix): void;
  /** weightGrad (N, K) += outputGradᵀ · input, of outputGrad (T, N) and input (T, K), K = `columns`. */
  linearWeightGradient(
    weightGrad: DeviceBuffer,
    outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    shape: { readonly rows: number; readonly columns: number },
  ): void;
  /** output (C) += Σ_t input (T, C), C = output.length: the gradient of a bias, or of a row that repeats. */
  addRowSum(output: DeviceBuffer, input: DeviceBuffer): void;
  /**
   * Row indices[i] of output (R, columns) += row i of input (n, columns), in the order of i: the gradient of `embed` and
   * `gatherRows`. Indices are int32 (n) and in range (the caller checks).
   */
  scatterAddRows(output: DeviceBuffer, input: DeviceBuffer, indices: DeviceBuffer, columns: number): void;
  /** output (T, columns) = zeros but for columns start … start + width − 1, which are input (T, width): of `sliceColumns`. */
  padColumns(
    output: DeviceBuffer,
    input: DeviceBuffer,
    shape: { readonly columns: number; readonly start: number; readonly width: number },
  ): void;

  /** inputGrad[i] = outputGrad[i] · activation′(input[i]). inputGrad may be outputGrad. The slope of relu at 0 is 0. */
  activateGradient(
    inputGrad: DeviceBuffer,
    outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    activation: Activation,
  ): void;
  /**
   * gateGrad[i] = outputGrad[i] · activation′(gate[i]) · up[i]; upGrad[i] = outputGrad[i] · activation(gate[i]). Either may
   * be outputGrad.
   */
  gateGradient(
    gateGrad: DeviceBuffer,
    upGrad: DeviceBuffer,
    outputGrad: DeviceBuffer,
    gate: DeviceBuffer,
    up: DeviceBuffer,
    activation: Activation,
  ): void;

  /** Of `layerNorm`: inputGrad (T, C) is written; weightGrad (C) and biasGrad (C), where given, are added to. */
  layerNormGradient(
    inputGrad: DeviceBuffer,
    parameterGrads: NormGradients,
    outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    weight: DeviceBuffer,
    epsilon: number,
  ): void;
  /** Of `rmsNorm`: inputGrad (T, C) is written; weightGrad (C), where given, is added to. */
  rmsNormGradient(
    inputGrad: DeviceBuffer,
    parameterGrads: Pick<NormGradients, 'weightGrad'>,
    outputGrad: DeviceBuffer,
    input: DeviceBuffer,
    weight: DeviceBuffer,
    epsilon: number,
  ): void;

  /** inputGrad = output · (outputGrad − Σ outputGrad · output) over rows of `columns`. inputGrad may be outputGrad. */
  softmaxGradient(inputGrad: DeviceBuffer, outputGrad: DeviceBuffer, output: DeviceBuffer, columns: number): void;
  /** inputGrad = outputGrad − e^output · Σ outputGrad over rows of `columns`. inputGrad may be outputGrad. */
  logSoftmaxGradient(inputGrad: DeviceBuffer, outputGrad: DeviceBuffer, output: DeviceBuffer, columns: number): void;

  /**
   * Of `attention`: queryGrad (Tq, H, D), keyGrad and valueGrad (Tk, G, D) are written, zeros for rows that no span has.
   * positionBiasGrad (H, width), where given, is added to. The weights are computed anew. The mask gets no gradient.
   */
  attentionGradient(
    gradients: AttentionGradients,
    outputGrad: DeviceBuffer,
    queries: DeviceBuffer,
    keys: DeviceBuffer,
    values: DeviceBuffer,
    options: AttentionOptions,
  ): void;

  /**
   * losses (T): (1 − ε) · −log p[ids[t]] + ε · mean over v of −log p[v] + z · (log Σ e^logits)², p the softmax of row t of
   * logits (T, V); ε is `smoothing` (Szegedy et al. 2016, Vaswani et al. 2017), z is `zLoss` (Chowdhery et al. 2022).
   */
  crossEntropy(
    losses: DeviceBuffer,
    logits: DeviceBuffer,
    ids: DeviceBuffer,
    columns: number,
    options: CrossEntropyOptions,
  ): void;
  /** logitGrad (T, V) = lossGrads[t] · ∂losses[t]/∂logits. logitGrad may be logits. */
  crossEntropyGradient(
    logitGrad: DeviceBuffer,
    lossGrads: DeviceBuffer,
    logits: DeviceBuffer,
    ids: DeviceBuffer,
    columns: number,
    options: CrossEntropyOptions,
  ): void;

  /**
   * output[i] = input[i] / (1 − rate) where `dropoutHash(seed, i)` ≥ rate · 2³², else 0 (Srivastava et al. 2014). Its own
   * gradient. Output may be input. 0 ≤ rate < 1; the seed is 32 bits.
   */
  dropout(output: DeviceBuffer, input: DeviceBuffer, options: { readonly seed: number; readonly rate: number }): void;

  /** output (1) = Σ input[i]². */
  sumOfSquares(output: DeviceBuffer, input: DeviceBuffer): void;
  /**
   * One step of AdamW (Loshchilov & Hutter 2019) in place, g = gradientScale · gradient: m = β₁ m + (1 − β₁) g,
   * v = β₂ v + (1 − β₂) g², parameter = parameter · (1 − learningRate · weightDecay)
   * − learningRate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε), t = `step` from 1 on.
   */
  adamWStep(
    parameter: DeviceBuffer,
    firstMoment: DeviceBuffer,
    secondMoment: DeviceBuffer,
    gradient: DeviceBuffer,
    options: AdamWStep,
  ): void;
  /**
   * One step of gradient descent with momentum as PyTorch has it, in place: g = gradientScale · gradient
   * + weightDecay · parameter, velocity = momentum · velocity + g, parameter = parameter − learningRate · velocity.
   */
  sgdStep(parameter: DeviceBuffer, velocity: DeviceBuffer, gradient: DeviceBuffer, options: SgdStep): void;
}

/** Where the gradients of a norm's parameters are added; none where the parameter is not trained. */
export interface NormGradients {
  readonly weightGrad: DeviceBuffer | undefined;
  readonly biasGrad: DeviceBuffer | undefined;
}

/** Where the gradients of attention go. */
export interface AttentionGradients {
  readonly queryGrad: DeviceBuffer; // (Tq, H, D)
  readonly keyGrad: DeviceBuffer; // (Tk, G, D)
  readonly valueGrad: DeviceBuffer; // (Tk, G, D)
  /** None where the options have no position bias, or it is not trained. */
  readonly positionBiasGrad?: DeviceBuffer | undefined; // (H, width)
}

export interface CrossEntropyOptions {
  /** Probability that is spread evenly over the vocabulary, 0 to 1. */
  readonly smoothing: number;
  /** Weight of the squared log of the softmax's denominator; 0 for none. */
  readonly zLoss: number;
}

export interface AdamWStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientScale: number;
  readonly step: number;
}

export interface SgdStep {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly gradientScale: number;
}

/**
 * The 32 bits that decide about element i of a dropout: lowbias32 (Wellons 2018) of seed + i · ⌊2³²/φ⌋, modulo 2³².
 *
 * @example
 * dropoutHash(7, 0) >= 0.1 * 2 ** 32; // whether element 0 stays at a rate of 0.1
 */
export function dropoutHash(seed: number, i: number): number {
  let x = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
