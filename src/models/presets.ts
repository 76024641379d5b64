import { didYouMean } from '../base/suggest.ts';
import { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { gpt2 } from './gpt2.ts';
import type { ModelDescription } from './model-description.ts';

/** Layers, channels and heads of the GPT family, as published (Radford et al. 2019; Brown et al. 2020, table 2.1). */
const PRESETS = {
  gpt2: { n_layer: 12, n_embd: 768, n_head: 12 },
  'gpt2-medium': { n_layer: 24, n_embd: 1024, n_head: 16 },
  'gpt2-large': { n_layer: 36, n_embd: 1280, n_head: 20 },
  'gpt2-xl': { n_layer: 48, n_embd: 1600, n_head: 25 },
  gpt3: { n_layer: 96, n_embd: 12288, n_head: 96, n_positions: 2048 },
} as const;

/** Names of the published configurations that need no folder. */
export const PRESET_NAMES: readonly string[] = Object.keys(PRESETS);

/**
 * A published configuration by name. Throws a `RangeError` that lists the known ones.
 *
 * @example
 * modelPreset('gpt2-xl').config.hiddenSize; // 1600
 */
export function modelPreset(name: string): ModelDescription {
  if (!Object.hasOwn(PRESETS, name))
    throw new RangeError(
      `Cannot find preset ${JSON.stringify(name)}${didYouMean(name, PRESET_NAMES)}; known: ${PRESET_NAMES.join(', ')}`,
    );
  const fields = new JsonFields(`preset ${name}`, PRESETS[name as keyof typeof PRESETS]);
  const config = gpt2.parseConfig(fields);
  return { config: name === 'gpt3' ? withBandedLayers(config) : config, naming: gpt2.naming(config) };
}

/**
 * GPT-3 alternates dense and locally banded layers. The paper does not give the band's width; this is GPT-Neo's, and no
 * figure of parameters or cache depends on it.
 */
function withBandedLayers(config: ModelConfig): ModelConfig {
  const windows = Array.from({ length: config.numLayers }, (_, i) => (i % 2 === 0 ? undefined : 256));
  return Object.freeze({ ...config, windows });
}
