/**
 * A byte-level BPE tokenizer of any size: the 256 bytes, then pairs of bytes as merges, then `<|endoftext|>`. Every id
 * decodes to something, and text becomes about one token for two bytes.
 */
export function byteLevelTokens(vocabulary) {
  const bytes = byteCharacters();
  const pairs = bytes.flatMap((left) => bytes.map((right) => [left, right])).slice(0, vocabulary - 257);
  return {
    tokens: [...bytes, ...pairs.map((pair) => pair.join('')), '<|endoftext|>'],
    merges: pairs,
  };
}

/** The contents of tokenizer.json. */
export function tokenizerJson(vocabulary) {
  const { tokens, merges } = byteLevelTokens(vocabulary);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: vocabulary - 1,
        content: '<|endoftext|>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(' ')),
    },
  };
}

/** GPT-2's printable stand-in for each byte, in the order of its vocabulary. */
function byteCharacters() {
  const printable = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)];
  const others = range(0, 0xff).filter((byte) => !printable.includes(byte));
  return [...printable, ...others.map((_, i) => 0x100 + i)].map((code) => String.fromCodePoint(code));
}

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
