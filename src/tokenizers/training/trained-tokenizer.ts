/** What training made, and of how much. */
export interface TrainedTokenizer {
  readonly files: TokenizerFiles;
  /** Tokens, special ones counted: fewer than were wanted if the text gives no more. */
  readonly vocabSize: number;
  /** UTF-16 code units of the text. */
  readonly numCharacters: number;
}

/** The texts of the files that every reader of Hugging Face tokenizers takes, by name. */
export type TokenizerFiles = Readonly<Record<'tokenizer.json' | 'tokenizer_config.json', string>>;

/** What differs between one trained tokenizer and another. */
export interface TokenizerParts {
  /** By id. */
  readonly tokens: readonly string[];
  readonly specialTokens: readonly string[];
  /** `pre_tokenizer`, `post_processor` and `decoder` of tokenizer.json. */
  readonly steps: Readonly<Record<'pre_tokenizer' | 'post_processor' | 'decoder', object | null>>;
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** One of the special tokens. */
  readonly unknownToken?: string;
  /** One of the special tokens, which comes behind each text. */
  readonly endToken?: string | undefined;
  /** One of the special tokens. */
  readonly padToken?: string | undefined;
}

/** Writes them as a BPE, which all readers have, in the way of Hugging Face's `tokenizers` and `transformers`. */
export function createFiles(parts: TokenizerParts): TokenizerFiles {
  const { tokens, specialTokens, unknownToken, endToken, padToken, merges, steps } = parts;
  const vocab = new Map(tokens.map((token, id) => [token, id]));
  const addedTokens = specialTokens.map((content) => ({ id: vocab.get(content)!, content, ...SPECIAL }));
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    ...steps,
    post_processor: endToken === undefined ? steps.post_processor : endWith(endToken, vocab.get(endToken)!),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknownToken ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocab),
      merges: merges.map((pair) => pair.join(' ')),
    },
  };
  const between = specialTokens.find((token) => token !== unknownToken);
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
    bos_token: between,
    eos_token: between,
    unk_token: unknownToken,
    pad_token: padToken,
    added_tokens_decoder: Object.fromEntries(addedTokens.map(({ id, ...token }) => [id, token])),
  };
  return { 'tokenizer.json': toJson(tokenizer), 'tokenizer_config.json': toJson(config) };
}

/** Puts a token behind each text, and behind both texts of a pair. */
function endWith(token: string, id: number): object {
  const mark = { SpecialToken: { id: token, type_id: 0 } };
  const [first, second] = ['A', 'B'].map((name) => ({ Sequence: { id: name, type_id: 0 } }));
  return {
    type: 'TemplateProcessing',
    single: [first, mark],
    pair: [first, second, mark],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

const SPECIAL = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
