import { platform } from '#platform';
import { JsonFields } from '../../config/json-fields.ts';
import { loadTokenizer } from '../load-tokenizer.ts';
import { createSourceTargetTokenizer } from './create-source-target-tokenizer.ts';
import {
  type LanguageFormat,
  M2M100_FORMAT,
  MARIAN_FORMAT,
  MBART_FORMAT,
  MBART50_FORMAT,
  NLLB_FORMAT,
  NLLB_LEGACY_FORMAT,
} from './language-format.ts';
import type { SourceTargetTokenizer } from './source-target-tokenizer.ts';

type Options = { readonly signal?: AbortSignal | undefined };

/**
 * The tokenizers of an encoder-decoder model's folder, with its languages; undefined if it has none. What `loadTokenizer` reads
 * without languages is read too: source and target are then the same. Throws as `loadTokenizer`.
 */
export async function loadSourceTargetTokenizer(
  folder: string,
  options: Options = {},
): Promise<SourceTargetTokenizer | undefined> {
  const tokenizer = await loadTokenizer(folder, options);
  if (tokenizer === undefined) return undefined;
  const [config, model] = await Promise.all([
    readFields(platform.join(folder, 'tokenizer_config.json'), options),
    readFields(platform.join(folder, 'config.json'), options),
  ]);
  const text = (name: string) => (config.has(name) ? config.string(name) : undefined);
  return createSourceTargetTokenizer({
    source: tokenizer,
    target: tokenizer,
    format: formatOf(config, model),
    defaults: { from: text('src_lang'), to: text('tgt_lang') },
  });
}

async function readFields(location: string, options: Options): Promise<JsonFields> {
  return JsonFields.parse(location, (await platform.readText(location, options)) ?? '{}');
}

const BY_CLASS: ReadonlyMap<string, LanguageFormat> = new Map([
  ['MBartTokenizer', MBART_FORMAT],
  ['MBart50Tokenizer', MBART50_FORMAT],
  ['M2M100Tokenizer', M2M100_FORMAT],
  ['NllbTokenizer', NLLB_FORMAT],
  ['MarianTokenizer', MARIAN_FORMAT],
]);

const BY_MODEL_TYPE: ReadonlyMap<string, LanguageFormat> = new Map([
  ['mbart', MBART_FORMAT],
  ['m2m_100', M2M100_FORMAT],
  ['marian', MARIAN_FORMAT],
]);

/** By the class that the tokenizer's configuration names, or the model's, or by the kind of the model. */
function formatOf(config: JsonFields, model: JsonFields): LanguageFormat | undefined {
  const [configClass, modelClass] = [config, model].map((fields) =>
    fields.string('tokenizer_class', '').replace(/Fast$/, ''),
  );
  const format =
    BY_CLASS.get(configClass!) ?? BY_CLASS.get(modelClass!) ?? BY_MODEL_TYPE.get(model.string('model_type', ''));
  return format === NLLB_FORMAT && config.boolean('legacy_behaviour', false) ? NLLB_LEGACY_FORMAT : format;
}
