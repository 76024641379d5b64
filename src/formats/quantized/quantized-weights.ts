import { transposed } from '../../base/transposed.ts';
import { requireInside, type TensorEntry, type WeightSource } from '../weight-source.ts';
import type { QuantizationConfig } from './quantization-config.ts';
import { type LayerHead, readLayer, readLayerHead } from './read-layer.ts';
import { layerWeights, schemeOfLayer, toQuantizedMatrix } from './stored-layer.ts';

const PARTS = ['qweight', 'qzeros', 'scales', 'g_idx'] as const;

/**
 * The weights of a checkpoint of GPTQ or AWQ: each layer's `qweight`, `qzeros`, `scales` and `g_idx` become one tensor `weight`,
 * (outputs, inputs), or (inputs, outputs) where `isTransposed` says so of its name. Throws a `RangeError` for layers whose tensors
 * do not fit together. `source` stays the caller's if it throws.
 */
export async function quantizedWeights(
  source: WeightSource,
  config: QuantizationConfig,
  isTransposed: (name: string) => boolean,
): Promise<WeightSource> {
  const heads = new Map<string, LayerHead>();
  for (const name of source.tensors.keys()) {
    if (!name.endsWith('.qweight')) continue;
    const layer = name.slice(0, -'.qweight'.length);
    heads.set(`${layer}.weight`, await readLayerHead(source, layer, config));
  }
  const parts = new Set([...heads.values()].flatMap(({ name }) => PARTS.map((part) => `${name}.${part}`)));
  const kept = [...source.tensors].filter(([name]) => !parts.has(name));
  const weights = [...heads].map(
    ([name, head]) => [name, weightEntry(name, head, isTransposed(name), source)] as const,
  );
  const quantized = [...heads].flatMap(([name, head]) => {
    const scheme = schemeOfLayer(head.bits, head.groups);
    if (scheme === undefined) return [];
    const read = async () => toQuantizedMatrix(await readLayer(source, head, config), scheme);
    return [[name, { scheme, read }] as const];
  });
  const floats = new FloatReader(source, config);
  const tensors = new Map([...kept, ...weights]);
  return {
    location: source.location,
    metadata: source.metadata,
    tensors,
    quantized: new Map(quantized),
    async read(name, target, byteOffset) {
      const head = heads.get(name);
      if (head === undefined || source.tensors.has(name)) return source.read(name, target, byteOffset);
      requireInside(tensors.get(name)!, byteOffset, target.length);
      const bytes = await floats.bytes(head, isTransposed(name));
      target.set(bytes.subarray(byteOffset, byteOffset + target.length));
    },
    close: () => source.close(),
  };
}

function weightEntry(name: string, head: LayerHead, isTransposed: boolean, { location }: WeightSource): TensorEntry {
  const shape = isTransposed ? [head.inputs, head.outputs] : [head.outputs, head.inputs];
  return { name, dtype: 'float32', shape, byteLength: 4 * head.inputs * head.outputs, location };
}

/** Keeps the layer that was read last: a tensor is read in pieces. */
class FloatReader {
  readonly #source: WeightSource;
  readonly #config: QuantizationConfig;
  #last: { readonly name: string; readonly bytes: Promise<Uint8Array> } | undefined;

  constructor(source: WeightSource, config: QuantizationConfig) {
    this.#source = source;
    this.#config = config;
  }

  bytes(head: LayerHead, isTransposed: boolean): Promise<Uint8Array> {
    if (this.#last?.name !== head.name) this.#last = { name: head.name, bytes: this.#read(head, isTransposed) };
    return this.#last.bytes;
  }

  async #read(head: LayerHead, isTransposed: boolean): Promise<Uint8Array> {
    const weights = layerWeights(await readLayer(this.#source, head, this.#config));
    const stored = isTransposed ? transposed(weights, head.inputs) : weights;
    return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  }
}
