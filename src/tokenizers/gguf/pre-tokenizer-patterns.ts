const WORDS =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|\\p{White_Space}+(?!\\P{White_Space})";
const CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const AFTER_NUMBERS =
  ' ?[^\\p{White_Space}\\p{L}\\p{N}]+[\\r\\n]*|\\p{White_Space}*[\\r\\n]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';
const LETTERS = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';

/** How a text is cut into words before its pairs are merged, and what else goes with it. */
export interface PreTokenizer {
  /** Each cuts what those before it have left; what an expression does not match is a piece of its own. */
  readonly patterns: readonly string[];
  /** A word that is a token is one token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Whether a text begins with the first token unless the file says otherwise. */
  readonly addsBos: boolean;
}

const plain = { ignoreMerges: false, addsBos: false };
const gpt2: PreTokenizer = { ...plain, patterns: [WORDS] };
const llama3: PreTokenizer = {
  patterns: [`${CONTRACTIONS}|${LETTERS}|\\p{N}{1,3}|${AFTER_NUMBERS}`],
  ignoreMerges: true,
  addsBos: true,
};
const qwen2: PreTokenizer = { ...plain, patterns: [`${CONTRACTIONS}|${LETTERS}|\\p{N}|${AFTER_NUMBERS}`] };
const singleDigits: PreTokenizer = { ...plain, patterns: ['\\p{N}', WORDS] };

/** llama.cpp's expressions (`llama-vocab.cpp`) by `tokenizer.ggml.pre`. White space is Unicode's, as it is there. */
const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  ['default', { ...plain, patterns: ['[\\p{P}\\$\\+<=>\\^~\\|]+', WORDS, '\\p{N}+', '[0-9][0-9][0-9]'] }],
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  ['mpt', gpt2],
  ['olmo', gpt2],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['smollm', singleDigits],
  ['starcoder', singleDigits],
  ['command-r', singleDigits],
]);

/** The pre-tokenizer of a name; throws a `RangeError` that lists the known ones. */
export function findPreTokenizer(name: string, location: string): PreTokenizer {
  const found = PRE_TOKENIZERS.get(name);
  if (found !== undefined) return found;
  throw new RangeError(
    `Cannot read the tokenizer of ${location}: "tokenizer.ggml.pre" is ${JSON.stringify(name.slice(0, 80))}, known: ${[...PRE_TOKENIZERS.keys()].join(', ')}`,
  );
}
