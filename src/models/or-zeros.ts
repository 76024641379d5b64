import { numElements, type Shape } from '../base/shape.ts';
import type { WeightSource } from '../formats/weight-source.ts';

/** The source, with zeros for a tensor that it lacks. */
export function orZeros(source: WeightSource, name: string, shape: Shape): WeightSource {
  const { location, metadata } = source;
  if (source.tensors.has(name)) return source;
  const zeros = { name, dtype: 'float32', shape, byteLength: 4 * numElements(shape), location } as const;
  return {
    location,
    metadata,
    tensors: new Map([...source.tensors, [name, zeros]]),
    quantized: source.quantized,
    async read(wanted, target, byteOffset) {
      if (wanted === name) target.fill(0);
      else await source.read(wanted, target, byteOffset);
    },
    close: () => source.close(),
  };
}
