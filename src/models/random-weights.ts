import { philox } from '../base/random.ts';
import { numElements } from '../base/shape.ts';
import type { TensorEntry, WeightSource } from '../formats/weight-source.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import type { ModelDescription } from './load-model.ts';
import { storedName } from './parameter-spec.ts';

/**
 * Weights drawn at random (matrices uniform with standard deviation 0.02, norms 1, biases 0), the same for the same seed:
 * for trying a configuration without a checkpoint.
 */
export function randomWeights({ config, naming }: ModelDescription, seed: number): WeightSource {
  const tensors = new Map<string, TensorEntry>();
  const fills = new Map<string, (values: Float32Array, first: number) => void>();
  for (const [index, spec] of decoderOnlyParameters(config).entries()) {
    const { name, isTransposed } = storedName(spec.path, naming);
    const shape = isTransposed ? [...spec.shape].reverse() : spec.shape;
    const byteLength = 4 * numElements(shape);
    tensors.set(name, { name, dtype: 'float32', shape, byteLength, location: LOCATION });
    fills.set(name, spec.kind === 'matrix' ? noise(seed, index) : constant(spec.path.endsWith('.bias') ? 0 : 1));
  }
  return {
    location: LOCATION,
    tensors,
    metadata: new Map(),
    async read(name, target, byteOffset) {
      const values = new Float32Array(target.byteLength / 4);
      fills.get(name)!(values, byteOffset / 4);
      target.set(new Uint8Array(values.buffer));
    },
    async close() {},
  };
}

const LOCATION = 'random weights';

/** Half-width of a uniform distribution with standard deviation 0.02. */
const HALF_WIDTH = 0.02 * Math.sqrt(3);

function noise(seed: number, tensor: number): (values: Float32Array, first: number) => void {
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

function constant(value: number): (values: Float32Array) => void {
  return (values) => {
    values.fill(value);
  };
}
