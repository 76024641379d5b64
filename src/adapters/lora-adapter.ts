import type { Backend } from '../backend/backend.ts';
import { CausalLM } from '../models/causal-lm.ts';
import { encoderDecoderArchitectureOf } from '../models/encoder-decoder-registry.ts';
import type { LanguageModel, LanguageModelDescription } from '../models/language-model.ts';
import { Parameters } from '../models/parameters.ts';
import { architectureOf } from '../models/registry.ts';
import type { Adapter } from '../nn/adapter.ts';
import { LowRank } from '../nn/low-rank.ts';
import { Weight } from '../tensor/weight.ts';
import { type AdapterConfig, adapterScale } from './adapter-config.ts';
import { adapterTensors } from './adapter-tensors.ts';
import { type AdapterValues, readAdapter } from './read-adapter.ts';
import type { TargetedLayer } from './targeted-layers.ts';

/**
 * Low-rank changes to some linear layers of one model (Hu et al. 2021): y = x·Wᵀ + b + scale · (x·Aᵀ)·Bᵀ. The model itself
 * stays as it is; whoever runs it says which sequences go through the adapter.
 */
export class LoraAdapter implements Adapter {
  readonly config: AdapterConfig;
  readonly targeted: readonly TargetedLayer[];
  readonly layers: ReadonlyMap<Weight, LowRank>;
  /** A and B of each layer, in float32: `layers.0.attention.query.loraA`, `….loraB`. */
  readonly parameters: Parameters;

  constructor(
    model: Pick<LanguageModel, 'parameters'>,
    config: AdapterConfig,
    targeted: readonly TargetedLayer[],
    parameters: Parameters,
  ) {
    this.config = config;
    this.targeted = targeted;
    this.parameters = parameters;
    const scale = adapterScale(config);
    this.layers = new Map(
      targeted.map(({ path }) => {
        const [a, b] = [parameters.weight(`${path}.loraA`), parameters.weight(`${path}.loraB`)];
        return [model.parameters.weight(`${path}.weight`), new LowRank({ path, a, b, scale })];
      }),
    );
  }

  get backend(): Backend {
    return this.parameters.backend;
  }

  /** Frees A and B; the model goes on without. */
  release(): void {
    this.parameters.release();
  }
}

/**
 * Loads an adapter in PEFT's layout onto the device of its model: `adapter_config.json` and `adapter_model.safetensors`.
 * Throws an `Error` for a missing file, and one that lists all missing, misshapen and unexpected tensors, as those of an
 * adapter of another model are; a `RangeError` for settings that are not supported, and when memory is exhausted; and the
 * signal's reason. Nothing stays on the device then.
 *
 * @example
 * const adapter = await loadAdapter(model, 'path/to/adapter');
 * const { logits } = await model.forward({ inputIds: [1, 403, 407], adapter });
 * adapter.release();
 */
export async function loadAdapter(
  model: LanguageModel,
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LoraAdapter> {
  options.signal?.throwIfAborted();
  return placeAdapter(model, await readAdapter(folder, descriptionOf(model), options));
}

/** A loaded model's configuration, and how checkpoints of its family name the weights. */
export function descriptionOf(model: LanguageModel): LanguageModelDescription {
  const { modelType } = model.config;
  if (model instanceof CausalLM)
    return { config: model.config, naming: architectureOf(modelType, 'the model').naming(model.config) };
  return { config: model.config, naming: encoderDecoderArchitectureOf(modelType, 'the model').naming(model.config) };
}

/** Puts an adapter onto the device of its model. If that fails, nothing stays there. */
export async function placeAdapter(model: LanguageModel, { config, layers }: AdapterValues): Promise<LoraAdapter> {
  const { backend } = model;
  const values = layers.flatMap(({ a, b }) => [a, b]);
  const byPath = new Map<string, Weight>();
  try {
    for (const [i, { path, shape }] of adapterTensors(layers, config.rank).entries()) {
      const weight = new Weight(backend, backend.allocateMatrix('float32', ...shape));
      byPath.set(path, weight);
      const { buffer, byteOffset, byteLength } = values[i]!;
      const data = new Uint8Array(buffer, byteOffset, byteLength);
      await backend.writeMatrix(weight.matrix, { data, dtype: 'float32', order: 'rows', first: 0, count: shape[0] });
    }
    const targeted = layers.map(({ a: _, b: __, ...layer }) => layer);
    return new LoraAdapter(model, config, targeted, new Parameters(backend, byPath));
  } catch (error) {
    new Parameters(backend, byPath).release();
    throw error;
  }
}
