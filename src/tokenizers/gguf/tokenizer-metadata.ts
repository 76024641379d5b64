import type { TypedMetadata, TypedValue } from '../../formats/gguf/encode-gguf.ts';
import { HuggingFaceTokenizer } from '../hugging-face-tokenizer.ts';
import { PIECE_TYPES } from '../sentence-piece/piece-types.ts';

/** The texts of a model folder's tokenizer files. */
export interface TokenizerTexts {
  /** What errors call it. */
  readonly location: string;
  readonly tokenizer: string;
  readonly config?: string | undefined;
  /** chat_template.jinja, which wins over the configuration. */
  readonly chatTemplate?: string | undefined;
}

/** What is read of a tokenizer.json. */
interface TokenizerFile {
  readonly added_tokens?: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[];
  readonly normalizer?: Part | null;
  readonly pre_tokenizer?: Part | null;
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly unk_token?: string | null;
  };
}

interface Part {
  readonly type: string;
  readonly [key: string]: unknown;
}

/**
 * The metadata of GGUF for a tokenizer.json that is a byte-level BPE (`gpt2`) or a SentencePiece BPE with byte fallback (`llama`);
 * ids without a token up to `vocabSize` are filled up, as llama.cpp's converter does. Throws a `RangeError` for a tokenizer that
 * llama.cpp has no name for.
 */
export function tokenizerMetadata(texts: TokenizerTexts, vocabSize: number): TypedMetadata {
  const tokenizer = new HuggingFaceTokenizer(texts.tokenizer, texts.config, texts.location);
  const file = JSON.parse(texts.tokenizer) as TokenizerFile;
  if (file.model.type !== 'BPE') throw unwritable(texts, `its model is of type ${file.model.type}, wanted BPE`);
  const tokens = tokenList(file, vocabSize);
  const isSentencePiece = file.model.byte_fallback === true;
  const kind = isSentencePiece ? sentencePieceMetadata(file, tokens) : byteLevelMetadata(texts, file);
  const id = (role: string, value: number | undefined) =>
    value === undefined ? {} : { [`tokenizer.ggml.${role}_token_id`]: { type: 'uint32', value } as const };
  const plain = tokenizer.encode('a', { addSpecialTokens: false });
  const whole = tokenizer.encode('a');
  return {
    'tokenizer.ggml.model': text(isSentencePiece ? 'llama' : 'gpt2'),
    'tokenizer.ggml.tokens': { type: 'array', of: 'string', values: tokens },
    'tokenizer.ggml.token_type': { type: 'array', of: 'int32', values: tokenTypes(file, tokens, isSentencePiece) },
    ...kind,
    ...id('bos', tokenizer.bosTokenId),
    ...id('eos', tokenizer.eosTokenId),
    ...id('unknown', tokenizer.unkTokenId),
    ...id('padding', tokenizer.padTokenId),
    'tokenizer.ggml.add_bos_token': flag(whole[0] === tokenizer.bosTokenId && whole[0] !== plain[0]),
    'tokenizer.ggml.add_eos_token': flag(whole.at(-1) === tokenizer.eosTokenId && whole.at(-1) !== plain.at(-1)),
    ...chatTemplateMetadata(texts),
  };
}

const text = (value: string): TypedValue => ({ type: 'string', value });
const flag = (value: boolean): TypedValue => ({ type: 'bool', value });

function unwritable({ location }: TokenizerTexts, problem: string): RangeError {
  return new RangeError(`Cannot write the tokenizer of ${location} as GGUF: ${problem}`);
}

/** Every id's token; `[PAD7]` where there is none. */
function tokenList({ model, added_tokens = [] }: TokenizerFile, vocabSize: number): string[] {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added_tokens) tokens[id] = content;
  return Array.from({ length: Math.max(vocabSize, tokens.length) }, (_, id) => tokens[id] ?? `[PAD${id}]`);
}

function tokenTypes(
  { model, added_tokens = [] }: TokenizerFile,
  tokens: readonly string[],
  isSentencePiece: boolean,
): Int32Array {
  const added = new Map(added_tokens.map((token) => [token.id, token]));
  return Int32Array.from(tokens, (token, id) => {
    if (isSentencePiece && token === model.unk_token) return PIECE_TYPES.unknown;
    const special = added.get(id)?.special;
    if (special !== undefined) return special ? PIECE_TYPES.control : PIECE_TYPES.userDefined;
    if (!Object.hasOwn(model.vocab, token)) return PIECE_TYPES.unused;
    return isSentencePiece && /^<0x[0-9A-F]{2}>$/.test(token) ? PIECE_TYPES.byte : PIECE_TYPES.normal;
  });
}

/** A token's score falls with the rank of the merge that makes it; what no merge makes is below all. */
function sentencePieceMetadata({ model, normalizer }: TokenizerFile, tokens: readonly string[]): TypedMetadata {
  const order = new Map<string, number>();
  for (const merge of model.merges) {
    const token = (typeof merge === 'string' ? merge.split(' ') : merge).join('');
    if (!order.has(token)) order.set(token, order.size);
  }
  const scores = Float32Array.from(tokens, (token) => -(order.get(token) ?? order.size));
  return {
    'tokenizer.ggml.scores': { type: 'array', of: 'float32', values: scores },
    'tokenizer.ggml.add_space_prefix': flag(partsOf(normalizer, 'normalizers').some(({ type }) => type === 'Prepend')),
  };
}

function partsOf(part: Part | null | undefined, list: string): readonly Part[] {
  if (part === null || part === undefined) return [];
  return part.type === 'Sequence' ? (part[list] as readonly Part[]) : [part];
}

function byteLevelMetadata(texts: TokenizerTexts, { model, pre_tokenizer }: TokenizerFile): TypedMetadata {
  const parts = partsOf(pre_tokenizer, 'pretokenizers');
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  return {
    'tokenizer.ggml.pre': text(preTokenizerName(texts, parts)),
    'tokenizer.ggml.merges': { type: 'array', of: 'string', values: merges },
  };
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** Expressions of tokenizer.json that llama.cpp has a name for. */
const NAMES_OF_EXPRESSIONS: ReadonlyMap<string, string> = new Map([
  [`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|${REST}`, 'llama-bpe'],
  [`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|${REST}`, 'qwen2'],
]);

function preTokenizerName(texts: TokenizerTexts, parts: readonly Part[]): string {
  const last = parts.at(-1);
  if (last?.type !== 'ByteLevel') throw unwritable(texts, 'it is no byte-level BPE and has no byte fallback');
  if (last.add_prefix_space === true) throw unwritable(texts, 'it puts a space before a text, which GGUF cannot say');
  const [first] = parts;
  if (parts.length === 1 && last.use_regex !== false) return 'gpt-2';
  if (parts.length === 2 && first?.type === 'Digits' && first.individual_digits === true && last.use_regex !== false)
    return 'smollm';
  const expression = (first?.pattern as { readonly Regex?: string } | undefined)?.Regex;
  const name = parts.length === 2 && expression !== undefined ? NAMES_OF_EXPRESSIONS.get(expression) : undefined;
  if (name !== undefined) return name;
  throw unwritable(texts, `llama.cpp has no name for its pre-tokenizer ${JSON.stringify(parts).slice(0, 200)}`);
}

function chatTemplateMetadata({ config = '{}', chatTemplate }: TokenizerTexts): TypedMetadata {
  const key = 'tokenizer.chat_template';
  const value = chatTemplate ?? (JSON.parse(config) as { chat_template?: unknown }).chat_template;
  if (typeof value === 'string') return { [key]: text(value) };
  if (!Array.isArray(value)) return {};
  const named = value as readonly { readonly name: string; readonly template: string }[];
  return Object.fromEntries(
    named.map(({ name, template }) => [name === 'default' ? key : `${key}.${name}`, text(template)]),
  );
}
