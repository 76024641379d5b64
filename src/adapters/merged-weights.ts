import type { WeightDType } from '../backend/dtype.ts';
import { numElements } from '../base/shape.ts';
import { transposed } from '../base/transposed.ts';
import { blockSize } from '../formats/gguf/tensor-type.ts';
import { roundValues } from '../formats/round-values.ts';
import { STORED_BYTES } from '../formats/stored-dtype.ts';
import { type TensorEntry, toFloat32, type WeightSource } from '../formats/weight-source.ts';
import { candidateNames } from '../models/match-parameters.ts';
import type { Naming } from '../models/parameter-spec.ts';
import { adapterScale } from './adapter-config.ts';
import type { AdapterLayer, AdapterValues } from './read-adapter.ts';

/**
 * The weights of a model with an adapter merged into them: W + scale · B·A, summed in float64 and given in float32, or in the
 * file's own width where `dtype` is `auto`. A piece is computed when it is read.
 */
export function mergedWeights(
  source: WeightSource,
  naming: Naming,
  { config, layers }: AdapterValues,
  dtype: WeightDType | 'auto' = 'auto',
): WeightSource {
  const tensors = new Map(source.tensors);
  const merged = new Map<string, MergedTensor>();
  for (const layer of layers) {
    const name = candidateNames(`${layer.module}.weight`, naming).find((candidate) => tensors.has(candidate));
    const stored = name === undefined ? undefined : tensors.get(name)!;
    // What is missing or misshapen is refused where the model's own tensors are looked for.
    if (stored === undefined || numElements(stored.shape) !== layer.inputs * layer.outputs) continue;
    const tensor = new MergedTensor(source, stored, layer, adapterScale(config));
    merged.set(stored.name, tensor);
    tensors.set(stored.name, tensor.entry(dtype));
  }
  return {
    location: source.location,
    tensors,
    metadata: source.metadata,
    read: (name, target, byteOffset) =>
      merged.get(name)?.read(tensors.get(name)!, target, byteOffset) ?? source.read(name, target, byteOffset),
    close: () => source.close(),
  };
}

class MergedTensor {
  readonly #source: WeightSource;
  readonly #stored: TensorEntry;
  readonly #layer: AdapterLayer;
  readonly #scale: number;

  constructor(source: WeightSource, stored: TensorEntry, layer: AdapterLayer, scale: number) {
    this.#source = source;
    this.#stored = stored;
    this.#layer = layer;
    this.#scale = scale;
  }

  entry(dtype: WeightDType | 'auto'): TensorEntry {
    const { dtype: own, shape } = this.#stored;
    const isHalf = own === 'bfloat16' || own === 'float16';
    const width = dtype === 'auto' && isHalf ? own : 'float32';
    return { ...this.#stored, dtype: width, byteLength: numElements(shape) * STORED_BYTES[width] };
  }

  /** Fills `target` with the elements of the merged tensor that begin at byte `byteOffset`. */
  async read({ dtype }: TensorEntry, target: Uint8Array, byteOffset: number): Promise<void> {
    const size = STORED_BYTES[dtype as WeightDType];
    const first = byteOffset / size;
    const values = Float64Array.from(await this.#readStored(first, target.length / size));
    this.#addProduct(values, first);
    const rounded = roundValues(Float32Array.from(values), dtype as WeightDType);
    target.set(new Uint8Array(rounded.buffer));
  }

  async #readStored(first: number, count: number): Promise<Float32Array> {
    const { name, dtype } = this.#stored;
    const { bytes: size } = blockSize(dtype);
    const bytes = new Uint8Array(count * size);
    await this.#source.read(name, bytes, first * size);
    return toFloat32(bytes, dtype)!;
  }

  /** Adds scale · B·A to the elements from `first` on, line after line of the stored matrix. */
  #addProduct(values: Float64Array, first: number): void {
    const { inputs, outputs, isTransposed, a, b } = this.#layer;
    const rank = a.length / inputs;
    const width = isTransposed ? outputs : inputs;
    // W is stored as (outputs, inputs): row o gets b[o, k] · a[k]; or as (inputs, outputs): row i gets a[k, i] · b[:, k].
    const factors = isTransposed ? transposed(a, inputs) : b; // (lines, r)
    const rows = isTransposed ? transposed(b, rank) : a; // (r, width)
    for (let at = 0; at < values.length; ) {
      const line = Math.floor((first + at) / width);
      const column = (first + at) % width;
      const length = Math.min(width - column, values.length - at);
      for (let k = 0; k < rank; k++) {
        const factor = this.#scale * factors[line * rank + k]!;
        const start = k * width + column;
        for (let i = 0; i < length; i++) values[at + i]! += factor * rows[start + i]!;
      }
      at += length;
    }
  }
}
