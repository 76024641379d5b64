import { platform } from '#platform';
import { JsonFields } from '../config/json-fields.ts';

/** Families of models whose tokenizers differ in what the files do not say. */
export type TokenizerFamily = 'bart' | 'gpt2' | 'llama' | 'm2m100' | 'marian' | 'mbart' | 'mbart50' | 'nllb' | 't5';

/** What the JSON files of a model's folder say of its tokenizer. */
export interface TokenizerSettings {
  readonly folder: string;
  /** tokenizer_config.json; empty if there is none. */
  readonly config: JsonFields;
  readonly family: TokenizerFamily | undefined;
}

type Options = { readonly signal?: AbortSignal | undefined };

/** Reads tokenizer_config.json and config.json. Throws a `SyntaxError` or `TypeError` for files that do not hold. */
export async function readTokenizerSettings(folder: string, options: Options = {}): Promise<TokenizerSettings> {
  const [config, model] = await Promise.all(
    ['tokenizer_config.json', 'config.json'].map((name) => readFields(platform.join(folder, name), options)),
  );
  return { folder, config: config!, family: familyOf(config!, model!) };
}

async function readFields(location: string, options: Options): Promise<JsonFields> {
  return JsonFields.parse(location, (await platform.readText(location, options)) ?? '{}');
}

/** By the class of Transformers. */
const BY_CLASS: Readonly<Record<string, TokenizerFamily>> = {
  BartTokenizer: 'bart',
  RobertaTokenizer: 'bart',
  GPT2Tokenizer: 'gpt2',
  LlamaTokenizer: 'llama',
  GemmaTokenizer: 'llama',
  M2M100Tokenizer: 'm2m100',
  MarianTokenizer: 'marian',
  MBartTokenizer: 'mbart',
  MBart50Tokenizer: 'mbart50',
  NllbTokenizer: 'nllb',
  T5Tokenizer: 't5',
};

const BY_MODEL_TYPE: Readonly<Record<string, TokenizerFamily>> = {
  bart: 'bart',
  gemma: 'llama',
  gpt2: 'gpt2',
  llama: 'llama',
  m2m_100: 'm2m100',
  marian: 'marian',
  mbart: 'mbart',
  mistral: 'llama',
  mt5: 't5',
  t5: 't5',
  umt5: 't5',
};

/** By the class that the tokenizer's configuration names, or the model's, or by the kind of the model. */
function familyOf(config: JsonFields, model: JsonFields): TokenizerFamily | undefined {
  for (const fields of [config, model]) {
    const name = fields.string('tokenizer_class', '').replace(/Fast$/, '');
    if (Object.hasOwn(BY_CLASS, name)) return BY_CLASS[name];
  }
  const type = model.string('model_type', '');
  return Object.hasOwn(BY_MODEL_TYPE, type) ? BY_MODEL_TYPE[type] : undefined;
}

/** The text of a token that a configuration names, as a string or as an object with its flags; `fallback` if it names none. */
export function tokenSetting(config: JsonFields, name: string, fallback: string): string {
  const value = config.value(name);
  if (value === undefined) return fallback;
  const content = typeof value === 'object' ? (value as { readonly content?: unknown }).content : value;
  if (typeof content === 'string') return content;
  throw new RangeError(
    `Cannot read ${config.location}: ${JSON.stringify(name)} is ${JSON.stringify(value)}, wanted a token`,
  );
}
