import { transposed } from '../../base/transposed.ts';
import { readFloat32, requireInside, type TensorEntry, type WeightSource } from '../weight-source.ts';
import type { QuantizationConfig } from './quantization-config.ts';
import { type LayerHead, readLayer, readLayerHead } from './read-layer.ts';
import { layerWeights, schemeOfLayer, toQuantizedMatrix } from './stored-layer.ts';

const PARTS = ['qweight', 'qzeros', 'scales', 'g_idx'] as const;

/** What a model says of the names of its tensors. */
export interface TensorNames {
  /** The matrix is stored with inputs as rows. */
  isTransposed(name: string): boolean;
  isParameter(name: string): boolean;
}

/**
 * The weights of a checkpoint of GPTQ or AWQ: each layer's `qweight`, `qzeros`, `scales` and `g_idx` become one tensor `weight`,
 * (outputs, inputs), or (inputs, outputs) where the names say so. A layer's bias of zeros that is no parameter, as AutoGPTQ adds it,
 * is left out. Throws a `RangeError` for layers whose tensors do not fit together. `source` stays the caller's if it throws.
 */
export async function quantizedWeights(
  source: WeightSource,
  config: QuantizationConfig,
  names: TensorNames,
): Promise<WeightSource> {
  const heads = new Map<string, LayerHead>();
  for (const name of source.tensors.keys()) {
    if (!name.endsWith('.qweight')) continue;
    const layer = name.slice(0, -'.qweight'.length);
    heads.set(`${layer}.weight`, await readLayerHead(source, layer, config));
  }
  const parts = new Set([...heads.values()].flatMap(({ name }) => PARTS.map((part) => `${name}.${part}`)));
  for (const { name } of heads.values()) {
    const bias = `${name}.bias`;
    const isExtra = source.tensors.has(bias) && !names.isParameter(bias);
    if (isExtra && (await readFloat32(source, bias)).every((value) => value === 0)) parts.add(bias);
  }
  const kept = [...source.tensors].filter(([name]) => !parts.has(name));
  const weights = [...heads].map(
    ([name, head]) => [name, weightEntry(name, head, names.isTransposed(name), source)] as const,
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
      const bytes = await floats.bytes(head, names.isTransposed(name));
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
