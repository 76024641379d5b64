import { didYouMean } from '../../base/suggest.ts';
import type { GgufFile } from '../../formats/gguf/open-gguf.ts';
import { PIECE_TYPES } from '../sentence-piece/piece-types.ts';
import { type GgufVocabulary, readVocabulary, roleToken, stringList } from './gguf-vocabulary.ts';
import { findPreTokenizer } from './pre-tokenizer-patterns.ts';
import { sentencePieceMerges } from './sentence-piece-merges.ts';

/** What stands in tokenizer.json and tokenizer_config.json. */
export interface TokenizerObjects {
  readonly tokenizer: object;
  readonly config: Readonly<Record<string, unknown>>;
}

const KINDS = ['llama', 'gpt2'];

/**
 * The tokenizer of a GGUF file as the Hugging Face libraries write one: SentencePiece BPE (`llama`) and byte-level BPE
 * (`gpt2`), whose ids are llama.cpp's; undefined if the file has none. Throws a `RangeError` for other kinds.
 */
export function tokenizerObjects(file: GgufFile): TokenizerObjects | undefined {
  const kind = file.values.get('tokenizer.ggml.model');
  if (kind === undefined || kind === 'none') return undefined;
  if (kind === 'llama') return sentencePiece(readVocabulary(file));
  if (kind === 'gpt2') return byteLevel(readVocabulary(file));
  const hint = didYouMean(String(kind), KINDS);
  throw new RangeError(
    `Cannot read the tokenizer of ${file.location}: it is of kind ${JSON.stringify(String(kind).slice(0, 80))}${hint}, known: ${KINDS.join(', ')}`,
  );
}

/** llama.cpp takes 1, 2 and 0 for the roles that a file of this kind does not give. */
function sentencePiece(vocabulary: GgufVocabulary): TokenizerObjects {
  const { fields } = vocabulary;
  const addsSpace = fields.boolean('tokenizer.ggml.add_space_prefix', true);
  const roles = tokenRoles(vocabulary, { bos: 1, eos: 2, unknown: 0 });
  const space = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prefix = { type: 'Prepend', prepend: '▁' };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  const text = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  return {
    tokenizer: {
      added_tokens: addedTokens(vocabulary),
      normalizer: { type: 'Sequence', normalizers: addsSpace ? [prefix, space] : [space] },
      pre_tokenizer: null,
      post_processor: template(vocabulary, roles, true),
      decoder: { type: 'Sequence', decoders: addsSpace ? [...text, strip] : text },
      model: {
        type: 'BPE',
        unk_token: roles.unk_token ?? null,
        fuse_unk: true,
        byte_fallback: true,
        vocab: vocabularyIds(vocabulary),
        merges: sentencePieceMerges(vocabulary),
      },
    },
    config: { ...roles, ...chatTemplates(vocabulary), clean_up_tokenization_spaces: false },
  };
}

function byteLevel(vocabulary: GgufVocabulary): TokenizerObjects {
  const { fields } = vocabulary;
  const merges = stringList(fields, 'tokenizer.ggml.merges');
  if (merges === undefined) throw new RangeError(`Cannot read ${fields.location}: "tokenizer.ggml.merges" is missing`);
  const pre = findPreTokenizer(fields.string('tokenizer.ggml.pre', 'default'), fields.location);
  const roles = tokenRoles(vocabulary, {});
  const splits = pre.patterns.map((pattern) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    tokenizer: {
      added_tokens: addedTokens(vocabulary),
      normalizer: null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: [...splits, bytes] },
      post_processor: template(vocabulary, roles, pre.addsBos),
      decoder: { type: 'ByteLevel' },
      model: {
        type: 'BPE',
        unk_token: null,
        byte_fallback: false,
        ignore_merges: pre.ignoreMerges,
        vocab: vocabularyIds(vocabulary),
        merges,
      },
    },
    config: { ...roles, ...chatTemplates(vocabulary), clean_up_tokenization_spaces: false },
  };
}

/** A prototype-free object: a token may be called `__proto__`. */
function vocabularyIds({ tokens }: GgufVocabulary): Record<string, number> {
  const ids: Record<string, number> = Object.create(null);
  for (const [id, token] of tokens.entries()) ids[token] ??= id;
  return ids;
}

type Roles = Readonly<Record<string, string>>;

function tokenRoles(vocabulary: GgufVocabulary, fallbacks: Readonly<Record<string, number>>): Roles {
  const names = { bos_token: 'bos', eos_token: 'eos', unk_token: 'unknown', pad_token: 'padding' };
  const roles = Object.entries(names).map(([name, role]) => [name, roleToken(vocabulary, role, fallbacks[role])]);
  return Object.fromEntries(roles.filter(([, token]) => token !== undefined)) as Roles;
}

/** Tokens that are found in a text before anything else: control tokens, and those that a user defined. */
function addedTokens({ tokens, types }: GgufVocabulary): readonly object[] {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const isControl = types[id] === PIECE_TYPES.control || types[id] === PIECE_TYPES.unknown;
    if (content === '' || (!isControl && types[id] !== PIECE_TYPES.userDefined)) return [];
    return [{ id, content, ...flags, special: isControl }];
  });
}

/** What is put around a text. */
function template({ fields, tokens }: GgufVocabulary, roles: Roles, addsBos: boolean): object | null {
  const before = fields.boolean('tokenizer.ggml.add_bos_token', addsBos) ? roles.bos_token : undefined;
  const after = fields.boolean('tokenizer.ggml.add_eos_token', false) ? roles.eos_token : undefined;
  if (before === undefined && after === undefined) return null;
  const part = (token: string | undefined) =>
    token === undefined ? [] : [{ SpecialToken: { id: token, type_id: 0 } }];
  const single = [...part(before), { Sequence: { id: 'A', type_id: 0 } }, ...part(after)];
  const used = [before, after].filter((token) => token !== undefined);
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, ...single.map((piece) => ('Sequence' in piece ? { Sequence: { id: 'B', type_id: 1 } } : piece))],
    special_tokens: Object.fromEntries(
      used.map((token) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }]),
    ),
  };
}

/** The chat template, or all with their names. */
function chatTemplates({ fields }: GgufVocabulary): { readonly chat_template?: unknown } {
  const key = 'tokenizer.chat_template';
  const named = fields.keys.filter((name) => name.startsWith(`${key}.`));
  const templates = named.map((name) => ({ name: name.slice(key.length + 1), template: fields.string(name) }));
  const template = fields.has(key) ? fields.string(key) : undefined;
  if (templates.length === 0) return template === undefined ? {} : { chat_template: template };
  return { chat_template: template === undefined ? templates : [{ name: 'default', template }, ...templates] };
}
