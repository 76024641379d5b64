import { numElements } from '../base/shape.ts';
import type { TensorEntry, WeightSource } from '../formats/weight-source.ts';
import { storedShape } from './match-parameters.ts';
import { type Naming, type ParameterSpec, storedName } from './parameter-spec.ts';

/** Makes elements `first` … of a tensor, row-major as it is stored; any part may be asked for at any time. */
export type Fill = (values: Float32Array, first: number) => void;

/** Weights that are made when they are read: norms 1, biases 0, and matrices as `fillOf` says. */
export function generatedWeights(
  { specs, naming }: { readonly specs: readonly ParameterSpec[]; readonly naming: Naming },
  location: string,
  fillOf: (matrix: ParameterSpec, index: number) => Fill,
): WeightSource {
  const tensors = new Map<string, TensorEntry>();
  const fills = new Map<string, Fill>();
  for (const [index, spec] of specs.entries()) {
    const place = storedName(spec.path, naming);
    const { name } = place;
    const shape = storedShape(spec, place);
    tensors.set(name, { name, dtype: 'float32', shape, byteLength: 4 * numElements(shape), location });
    fills.set(name, spec.kind === 'matrix' ? fillOf(spec, index) : constant(spec.path.endsWith('.bias') ? 0 : 1));
  }
  return {
    location,
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

function constant(value: number): Fill {
  return (values) => {
    values.fill(value);
  };
}
