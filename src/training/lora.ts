import type { AdapterConfig, AdapterTargets } from '../adapters/adapter-config.ts';
import { descriptionOf, type LoraAdapter, placeAdapter } from '../adapters/lora-adapter.ts';
import { taskOf } from '../adapters/read-adapter.ts';
import { lastNames, targetedLayers } from '../adapters/targeted-layers.ts';
import { philox } from '../base/random.ts';
import { didYouMean } from '../base/suggest.ts';
import { showValue } from '../config/show-value.ts';
import type { LanguageModel } from '../models/language-model.ts';

/** What a new adapter is like. */
export interface LoraOptions {
  /** r, the rows of A; 8 unless given. */
  readonly rank?: number | undefined;
  /** The change is multiplied by alpha / rank; 2 · rank unless given. */
  readonly alpha?: number | undefined;
  /** Multiplies by alpha / √rank instead (rsLoRA, Kalajdzievski 2023). */
  readonly isRankStabilized?: boolean | undefined;
  /**
   * Which linear layers: the last names of modules in the checkpoint (`['q_proj', 'v_proj']`), `all-linear` (the default) for
   * all of the blocks, or a regular expression of whole names (`model.layers.[01].mlp.*`).
   */
  readonly targets?: AdapterTargets | undefined;
  /** Share of the elements of each adapted layer's input that training drops before A; 0 unless given. */
  readonly dropout?: number | undefined;
  /** Of the first values of A; 0 unless given. */
  readonly seed?: number | undefined;
  /** What the model is called, for people who read the saved adapter. */
  readonly baseModel?: string | undefined;
}

/**
 * A new adapter that changes nothing yet: A is drawn as PEFT draws it, uniformly within ±1/√inputs (Kaiming, a = √5), and B is
 * zeros. `createLoraTarget` trains it, `saveAdapter` saves it. Throws a `TypeError` for
 * an unknown option and a `RangeError` for values that cannot be.
 *
 * @example
 * const adapter = await createLora(model, { rank: 8, targets: ['q_proj', 'v_proj'], seed: 1 });
 * const target = await createLoraTarget(model, adapter);
 * await train({ model: target, data: loader, maxSteps: 1000, learningRate: 1e-3 });
 */
export async function createLora(model: LanguageModel, options: LoraOptions = {}): Promise<LoraAdapter> {
  const { seed = 0, targets = 'all-linear' } = options;
  const description = descriptionOf(model);
  const config = { ...configOf(options, targets), task: taskOf(description) };
  const layersOf = (some: AdapterTargets) => targetedLayers(description, some, 'make an adapter');
  // In a list for training, a name that no layer has is a mistake; PEFT passes over it.
  if (typeof targets !== 'string') for (const target of targets) layersOf([target]);
  const layers = layersOf(targets);
  // As PEFT does, an adapter of all layers says which these are.
  const isAll = typeof targets === 'string' && targets.toLowerCase() === 'all-linear';
  const named = isAll ? { ...config, targets: lastNames(layers) } : config;
  return placeAdapter(model, {
    config: Object.freeze(named),
    layers: layers.map((layer, i) => ({
      ...layer,
      a: uniformValues(config.rank * layer.inputs, { bound: 1 / Math.sqrt(layer.inputs), seed, stream: i }),
      b: new Float32Array(layer.outputs * config.rank),
    })),
  });
}

const KNOWN = [
  'rank',
  'alpha',
  'isRankStabilized',
  'targets',
  'dropout',
  'seed',
  'baseModel',
] as const satisfies readonly (keyof LoraOptions)[];

function configOf(options: LoraOptions, targets: AdapterTargets): Omit<AdapterConfig, 'task'> {
  for (const name of Object.keys(options))
    if (!(KNOWN as readonly string[]).includes(name))
      throw new TypeError(`Cannot make an adapter: unknown option ${JSON.stringify(name)}${didYouMean(name, KNOWN)}`);
  const { rank = 8, alpha = 2 * rank, dropout = 0, isRankStabilized = false, seed = 0, baseModel } = options;
  const expect = (name: keyof LoraOptions, isGood: boolean, wanted: string) => {
    if (!isGood)
      throw new RangeError(`Cannot make an adapter: ${name} is ${showValue(options[name])}, wanted ${wanted}`);
  };
  expect('rank', Number.isSafeInteger(rank) && rank >= 1, 'a whole number of at least 1');
  expect('alpha', Number.isFinite(alpha) && alpha > 0, 'a number above 0');
  expect('dropout', dropout >= 0 && dropout < 1, 'a number from 0 to below 1');
  expect('seed', Number.isSafeInteger(seed) && seed >= 0, 'a whole number of at least 0');
  return { rank, alpha, dropout, targets, isRankStabilized, baseModel };
}

/** Numbers in [−bound, bound), the same for the same seed and stream. */
function uniformValues(
  length: number,
  { bound, seed, stream }: { readonly bound: number; readonly seed: number; readonly stream: number },
): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i += 4) {
    const words = philox(seed, i / 4, stream);
    for (let j = 0; j < Math.min(4, length - i); j++) values[i + j] = (words[j]! * 2 ** -31 - 1) * bound;
  }
  return values;
}
