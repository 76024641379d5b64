import type { Backend, RotaryShape } from '../backend/backend.ts';
import type { PositionConfig, RotaryScaling } from '../config/model-config.ts';
import { Tensor } from '../tensor/tensor.ts';

type RotaryConfig = Extract<PositionConfig, { kind: 'rotary' }>;

/** Cosines and sines (T, rotarySize / 2) of the positions of a batch. */
export interface RotaryAngles {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/** Rotary position embedding (Su et al. 2021): the angle of pair i at position p is p · θ^(−2i/rotarySize), scaled. */
export class Rotary {
  readonly config: RotaryConfig;
  readonly #frequencies: Float32Array;
  readonly #amplitude: number;

  constructor(config: RotaryConfig) {
    this.config = config;
    this.#frequencies = scaledFrequencies(config);
    this.#amplitude = config.scaling.kind === 'yarn' ? config.scaling.attentionFactor : 1;
  }

  shape(heads: number, headSize: number): RotaryShape {
    return { heads, headSize, rotarySize: this.config.rotarySize, interleaved: this.config.interleaved };
  }

  /** The angles of the given positions, as tensors of the enclosing scope. */
  angles(backend: Backend, positions: readonly number[] | Int32Array): RotaryAngles {
    const half = this.config.rotarySize / 2;
    const cosines = new Float32Array(positions.length * half);
    const sines = new Float32Array(positions.length * half);
    for (const [row, position] of positions.entries()) {
      const frequencies = this.#frequenciesAt(position);
      for (let i = 0; i < half; i++) {
        // The product is rounded to float32 as the reference implementations do; it matters at long positions.
        const angle = Math.fround(position * frequencies[i]!);
        cosines[row * half + i] = Math.fround(Math.cos(angle)) * this.#amplitude;
        sines[row * half + i] = Math.fround(Math.sin(angle)) * this.#amplitude;
      }
    }
    const shape = [positions.length, half];
    return { cosines: Tensor.from(backend, cosines, shape), sines: Tensor.from(backend, sines, shape) };
  }

  /**
   * Dynamic scaling takes the length that ends at the position itself, so a token's key is the same however its sequence
   * was cut into steps; one token at a time this is the reference implementations' own rule.
   */
  #frequenciesAt(position: number): Float32Array {
    const { scaling, theta, rotarySize } = this.config;
    if (scaling.kind !== 'dynamic' || position < scaling.originalMaxPositions) return this.#frequencies;
    const stretch = (scaling.factor * (position + 1)) / scaling.originalMaxPositions - (scaling.factor - 1);
    return frequencies(theta * stretch ** (rotarySize / (rotarySize - 2)), rotarySize);
  }
}

function frequencies(theta: number, rotarySize: number): Float32Array {
  return Float32Array.from({ length: rotarySize / 2 }, (_, i) => 1 / Math.fround(theta ** ((2 * i) / rotarySize)));
}

/** rotarySize / 2 numbers: by how much pair i turns from one position to the next. */
export function scaledFrequencies({ theta, rotarySize, scaling }: RotaryConfig): Float32Array {
  const base = frequencies(theta, rotarySize);
  switch (scaling.kind) {
    case 'none':
    case 'dynamic':
      return base;
    case 'linear':
      return base.map((frequency) => frequency / scaling.factor);
    case 'factors':
      return base.map((frequency, i) => frequency / scaling.factors[i]!);
    case 'llama3':
      return base.map((frequency) => llama3Frequency(frequency, scaling));
    case 'yarn':
      return yarnFrequencies(theta, rotarySize, scaling);
    default:
      return scaling satisfies never;
  }
}

/** Long waves are slowed by the factor, short ones kept, those between blended (Llama 3.1). */
function llama3Frequency(frequency: number, scaling: Extract<RotaryScaling, { kind: 'llama3' }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions: length } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > length / low) return frequency / factor;
  if (wavelength < length / high) return frequency;
  const smooth = (length / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** Interpolates the dimensions that turn seldom within the trained length, keeps those that turn often (Peng et al. 2023). */
function yarnFrequencies(
  theta: number,
  rotarySize: number,
  scaling: Extract<RotaryScaling, { kind: 'yarn' }>,
): Float32Array {
  const { factor, betaFast, betaSlow, originalMaxPositions, truncate } = scaling;
  const dimensionOf = (turns: number) =>
    (rotarySize * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [low, high] = truncate
    ? [Math.floor(dimensionOf(betaFast)), Math.ceil(dimensionOf(betaSlow))]
    : [dimensionOf(betaFast), dimensionOf(betaSlow)];
  const start = Math.max(low, 0);
  const end = Math.min(high, rotarySize - 1);
  const width = end === start ? 0.001 : end - start;
  return frequencies(theta, rotarySize).map((frequency, i) => {
    const interpolated = Math.min(1, Math.max(0, (i - start) / width));
    return (frequency / factor) * interpolated + frequency * (1 - interpolated);
  });
}
