import { philox } from '../base/random.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { type Fill, generatedWeights } from './generated-weights.ts';
import { type LanguageModelDescription, languageModelParameters } from './language-model.ts';

/**
 * Weights drawn at random (matrices uniform with standard deviation 0.02, norms 1, biases 0), the same for the same seed:
 * for trying a configuration without a checkpoint.
 */
export function randomWeights(description: LanguageModelDescription, seed: number): WeightSource {
  const { config, naming } = description;
  const specs = languageModelParameters(config);
  return generatedWeights({ specs, naming }, 'random weights', (_, index) => noise(seed, index));
}

/** Half-width of a uniform distribution with standard deviation 0.02. */
const HALF_WIDTH = 0.02 * Math.sqrt(3);

function noise(seed: number, tensor: number): Fill {
  const start = philox(seed, tensor)[0];
  return (values, first) => {
    for (let i = 0; i < values.length; i++)
      values[i] = (mix(start + Math.imul(first + i, GOLDEN_RATIO)) * 2 ** -31 - 1) * HALF_WIDTH;
  };
}

const GOLDEN_RATIO = 0x9e3779b9;

/** 32 bits from 32 bits (Wellons 2018, lowbias32): there are many weights, and noise need not be drawn better. */
function mix(bits: number): number {
  let x = bits >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
