import { platform } from '#platform';
import { type TokenizerSettings, tokenSetting } from './tokenizer-settings.ts';

/** The texts of a tokenizer.json and a tokenizer_config.json, and what errors call them. */
export interface ByteLevelFiles {
  readonly location: string;
  readonly tokenizer: string;
  readonly config: string;
}

/**
 * The tokenizer.json that vocab.json and merges.txt of GPT-2, BART or RoBERTa stand for; undefined for other families, or where one
 * of the two files is missing.
 */
export async function byteLevelFiles(
  settings: TokenizerSettings,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ByteLevelFiles | undefined> {
  const { folder, config, family } = settings;
  if (family !== 'bart' && family !== 'gpt2') return undefined;
  const location = platform.join(folder, 'vocab.json');
  const [vocab, merges] = await Promise.all([
    platform.readText(location, options),
    platform.readText(platform.join(folder, 'merges.txt'), options),
  ]);
  if (vocab === undefined || merges === undefined) return undefined;
  const ids = parse(vocab, location);
  const addsSpace = config.boolean('add_prefix_space', false);
  const roles = rolesOf(settings);
  const mask = roles.mask_token;
  const contents = [...new Set(Object.values(roles))].filter((content) => Object.hasOwn(ids, content));
  const tokenizer = {
    added_tokens: contents.map((content) => ({ id: ids[content], content, special: true, lstrip: content === mask })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: addsSpace, use_regex: true },
    post_processor: family === 'bart' ? around(ids, roles) : null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: ids, merges: lines(merges) },
  };
  return {
    location,
    tokenizer: JSON.stringify(tokenizer),
    config: JSON.stringify({ ...roles, clean_up_tokenization_spaces: false }),
  };
}

type Ids = Readonly<Record<string, unknown>>;
type Roles = Readonly<Record<string, string>>;

function parse(text: string, location: string): Ids {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${location}: it is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Ids;
  throw new SyntaxError(`Cannot read ${location}: it holds ${JSON.stringify(value).slice(0, 80)}, wanted an object`);
}

function rolesOf({ config, family }: TokenizerSettings): Roles {
  const defaults: Roles =
    family === 'bart'
      ? { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>', mask_token: '<mask>' }
      : { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>', unk_token: '<|endoftext|>' };
  return Object.fromEntries(
    Object.entries(defaults).map(([name, fallback]) => [name, tokenSetting(config, name, fallback)]),
  );
}

/** `<s> X </s>`. */
function around(ids: Ids, { bos_token, eos_token }: Roles): object {
  const [cls, sep] = [bos_token!, eos_token!];
  return { type: 'RobertaProcessing', cls: [cls, ids[cls]], sep: [sep, ids[sep]] };
}

/** The first line may give a version. */
function lines(text: string): readonly string[] {
  const all = text.split('\n').map((line) => line.replace(/\r$/, ''));
  return all.filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
}
