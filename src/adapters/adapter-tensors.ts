import type { Naming, ParameterSpec } from '../models/parameter-spec.ts';
import type { TargetedLayer } from './targeted-layers.ts';

/** The two files of an adapter in PEFT's layout. */
export const CONFIG_FILE = 'adapter_config.json';
export const TENSORS_FILE = 'adapter_model.safetensors';

/** A or B of a layer. */
export interface AdapterTensor {
  /** PEFT's name for it. */
  readonly name: string;
  /** Where it stands among the parameters of an adapter: `layers.0.attention.query.loraA`. */
  readonly path: string;
  readonly shape: readonly [number, number];
}

/** A (r, inputs) and B (outputs, r) of each layer, in the order of the layers. */
export function adapterTensors(layers: readonly TargetedLayer[], rank: number): readonly AdapterTensor[] {
  const tensor = ({ module, path }: TargetedLayer, part: 'A' | 'B', rows: number, columns: number): AdapterTensor => ({
    name: `base_model.model.${module}.lora_${part}.weight`,
    path: `${path}.lora${part}`,
    shape: [rows, columns],
  });
  return layers.flatMap((layer) => [tensor(layer, 'A', rank, layer.inputs), tensor(layer, 'B', layer.outputs, rank)]);
}

/** The tensors as parameters that are found in a file, and written to it, under their own names. */
export function storedAdapter(tensors: readonly AdapterTensor[]): {
  readonly specs: readonly ParameterSpec[];
  readonly naming: Naming;
} {
  return {
    specs: tensors.map(({ name, shape }) => ({ kind: 'matrix', path: name, shape })),
    naming: { names: Object.fromEntries(tensors.map(({ name }) => [name, name])), transposed: new Set(), ignored: [] },
  };
}
