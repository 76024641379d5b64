import type { WeightDType } from '../backend/dtype.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { isOfLayer, storedName } from '../models/parameter-spec.ts';
import { savedLanguageModel } from '../models/save-language-model.ts';
import { writeModelFolder } from '../models/save-model.ts';
import type { QuantizationScheme } from '../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../quantized/quantized-matrix.ts';

/** How to save a quantised model. */
export interface SaveQuantizedOptions {
  /** Of what is not quantised; float16 unless given. */
  readonly dtype?: WeightDType | undefined;
  /** The folder that the model was loaded from: its config.json, tokenizer and generation settings are kept. */
  readonly baseFolder?: string | undefined;
}

/**
 * Saves a model of either kind and what `quantizeModel` made of its matrices as a Hugging Face folder in GPTQ's layout (`qweight`,
 * `qzeros`, `scales`, `g_idx`), which `LLM.load` reads to the same bits. config.json says the scheme of most layers in `quantization_config`; those of
 * others are in its `dynamic` rules. Throws as `saveModel`, and a `RangeError` for what the layout cannot say: scales that are not
 * float16, and sizes that fill no words.
 *
 * @example
 * const matrices = await quantizeModel(model, { scheme: { ...QUANTIZATIONS.int4, scaleDType: 'float16' }, method: 'search' });
 * await saveQuantizedModel(model, matrices, 'path/to/folder', { baseFolder: 'path/to/original' });
 */
export function saveQuantizedModel(
  model: LanguageModel,
  matrices: ReadonlyMap<string, QuantizedMatrix>,
  folder: string,
  { dtype = 'float16', baseFolder }: SaveQuantizedOptions = {},
): Promise<void> {
  const saved = savedLanguageModel(model);
  const layerOf = (path: string) => storedName(path, saved.naming).name.replace(/\.weight$/, '');
  const matrixPaths = saved.specs.flatMap(({ kind, path }) => (kind === 'matrix' && isOfLayer(path) ? [path] : []));
  const layers = new Map([...matrices].map(([path, { scheme }]) => [layerOf(path), scheme]));
  const kept = matrixPaths.filter((path) => !matrices.has(path)).map(layerOf);
  const settings = quantizationConfig(layers, kept);
  const withSettings = (text: string) =>
    `${JSON.stringify({ ...JSON.parse(text), quantization_config: settings }, undefined, 2)}\n`;
  return writeModelFolder(
    folder,
    { dtype, baseFolder },
    {
      ...saved,
      matrices,
      formatConfig: (dtype) => withSettings(saved.formatConfig(dtype)),
      reformatConfig: (text, dtype) => {
        const kept = saved.reformatConfig(text, dtype);
        return kept === undefined ? undefined : withSettings(kept);
      },
    },
  );
}

/** The scheme of most layers, and `dynamic` rules for the others, as GPTQModel reads them. */
function quantizationConfig(layers: ReadonlyMap<string, QuantizationScheme>, kept: readonly string[]): object {
  const common = mostFrequent([...layers.values()]);
  const others = [...layers].filter(([, scheme]) => key(scheme) !== key(common));
  const dynamic = Object.fromEntries([
    ...kept.map((layer) => [`-:^${escaped(layer)}$`, {}]),
    ...others.map(([layer, scheme]) => [`+:^${escaped(layer)}$`, fields(scheme)]),
  ]);
  return {
    quant_method: 'gptq',
    ...fields(common),
    desc_act: false,
    static_groups: true,
    checkpoint_format: 'gptq',
    ...(Object.keys(dynamic).length === 0 ? {} : { dynamic }),
  };
}

function fields({ bits, groupSize, isSymmetric }: QuantizationScheme) {
  return { bits, group_size: groupSize === 'row' ? -1 : groupSize, sym: isSymmetric };
}

function key(scheme: QuantizationScheme): string {
  return JSON.stringify(fields(scheme));
}

function mostFrequent(schemes: readonly QuantizationScheme[]): QuantizationScheme {
  const counts = new Map<string, number>();
  for (const scheme of schemes) counts.set(key(scheme), (counts.get(key(scheme)) ?? 0) + 1);
  return [...schemes].sort((a, b) => counts.get(key(b))! - counts.get(key(a))!)[0]!;
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
