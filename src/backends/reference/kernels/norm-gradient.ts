/** Where the gradients of a norm's parameters are added, as float32 (C). */
interface ParameterGrads {
  readonly weightGrad: Float32Array | undefined;
  readonly biasGrad?: Float32Array | undefined;
}

/**
 * With x̂ = (x − mean) · r, r = 1 / √(variance + epsilon) and g = outputGrad · weight:
 * inputGrad = r · (g − mean(g) − x̂ · mean(g · x̂)); weightGrad += Σ_t outputGrad · x̂; biasGrad += Σ_t outputGrad.
 */
export function layerNormGradient(
  inputGrad: Float32Array,
  grads: ParameterGrads,
  outputGrad: Float32Array,
  { input, weight, epsilon }: NormOperands,
): void {
  const channels = weight.length;
  const sums = parameterSums(channels);
  for (let start = 0; start < input.length; start += channels) {
    const x = Float64Array.from(input.subarray(start, start + channels));
    const mean = meanOf(x);
    const factor = 1 / Math.sqrt(meanOf(x.map((value) => (value - mean) ** 2)) + epsilon);
    const normed = x.map((value) => (value - mean) * factor);
    addParameterGrads(sums, outputGrad, start, normed);
    const g = x.map((_, c) => outputGrad[start + c]! * weight[c]!);
    const [meanG, meanProduct] = [meanOf(g), meanOf(g.map((value, c) => value * normed[c]!))];
    for (let c = 0; c < channels; c++) inputGrad[start + c] = factor * (g[c]! - meanG - normed[c]! * meanProduct);
  }
  addSums(grads, sums);
}

/** With x̂ = x · r, r = 1 / √(mean(x²) + epsilon) and g = outputGrad · weight: inputGrad = r · (g − x̂ · mean(g · x̂)). */
export function rmsNormGradient(
  inputGrad: Float32Array,
  grads: ParameterGrads,
  outputGrad: Float32Array,
  { input, weight, epsilon }: NormOperands,
): void {
  const channels = weight.length;
  const sums = parameterSums(channels);
  for (let start = 0; start < input.length; start += channels) {
    const x = Float64Array.from(input.subarray(start, start + channels));
    const factor = 1 / Math.sqrt(meanOf(x.map((value) => value * value)) + epsilon);
    const normed = x.map((value) => value * factor);
    addParameterGrads(sums, outputGrad, start, normed);
    const g = x.map((_, c) => outputGrad[start + c]! * weight[c]!);
    const meanProduct = meanOf(g.map((value, c) => value * normed[c]!));
    for (let c = 0; c < channels; c++) inputGrad[start + c] = factor * (g[c]! - normed[c]! * meanProduct);
  }
  addSums(grads, sums);
}

interface NormOperands {
  readonly input: Float32Array;
  readonly weight: Float32Array;
  readonly epsilon: number;
}

interface ParameterSums {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

function parameterSums(channels: number): ParameterSums {
  return { weight: new Float64Array(channels), bias: new Float64Array(channels) };
}

function addParameterGrads(sums: ParameterSums, outputGrad: Float32Array, start: number, normed: Float64Array): void {
  for (let c = 0; c < normed.length; c++) {
    sums.weight[c]! += outputGrad[start + c]! * normed[c]!;
    sums.bias[c]! += outputGrad[start + c]!;
  }
}

function addSums({ weightGrad, biasGrad }: ParameterGrads, sums: ParameterSums): void {
  for (let c = 0; c < sums.weight.length; c++) {
    if (weightGrad !== undefined) weightGrad[c]! += sums.weight[c]!;
    if (biasGrad !== undefined) biasGrad[c]! += sums.bias[c]!;
  }
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
