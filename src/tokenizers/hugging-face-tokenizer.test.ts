import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteLevelTokenizer, endOfWordTokenizer, sentencePieceTokenizer } from '../../test/fixtures/tiny-tokenizers.ts';
import { HuggingFaceTokenizer } from './hugging-face-tokenizer.ts';

const GPT_CONFIG = JSON.stringify({ bos_token: '<|endoftext|>', eos_token: { content: '<|endoftext|>' } });
const gpt = new HuggingFaceTokenizer(byteLevelTokenizer, GPT_CONFIG);
const llama = new HuggingFaceTokenizer(
  sentencePieceTokenizer,
  '{"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>"}',
);

describe('byte-level', () => {
  test('encodes and decodes', () => {
    const ids = gpt.encode('the the<|endoftext|>é');
    expect(ids).toEqual([116, 257, 258, 259, 195, 169]);
    expect(gpt.decode(ids)).toBe('the theé');
    expect(gpt.decode(ids, { skipSpecialTokens: false })).toBe('the the<|endoftext|>é');
  });

  test('a token that was added but is not special is text', () => {
    const ids = gpt.encode('<think>');
    expect(ids).toEqual([260]);
    expect(gpt.isSpecial(260)).toBe(false);
    expect(gpt.decode(ids)).toBe('<think>');
  });

  test('whitespace is what Unicode calls so, not what JavaScript does', () => {
    // U+0085 is White_Space, so the first of two stays apart and ` t` becomes one token; U+FEFF is not, and joins with `!`.
    expect(gpt.encode('\u0085\u0085 t').at(-1)).toBe(256);
    const ids = (text: string) => gpt.encode(text);
    expect(gpt.decode(ids('a\u0085\uFEFF! t'))).toBe('a\u0085\uFEFF! t');
  });

  test('knows its tokens', () => {
    expect(gpt).toMatchObject({ vocabSize: 261, bosTokenId: 259, eosTokenId: 259, padTokenId: undefined });
    expect(gpt.idToToken(258)).toBe('Ġthe');
    expect(gpt.tokenToId('Ġthe')).toBe(258);
    expect(gpt.idToToken(261)).toBeUndefined();
    expect(gpt.tokenToId('missing')).toBeUndefined();
  });
});

describe('SentencePiece', () => {
  test('adds the beginning of the sequence only if asked', () => {
    expect(llama.encode('ab a')).toEqual([1, 265, 264]);
    expect(llama.encode('ab a', { addSpecialTokens: false })).toEqual([265, 264]);
    expect(llama.encode('')).toEqual([1]);
  });

  test('the space before a text is added and taken away, others are not', () => {
    expect(llama.decode(llama.encode('ab a'))).toBe('ab a');
    expect(llama.decode(llama.encode('  ab  '))).toBe('  ab  ');
  });

  test('other characters are bytes', () => {
    const ids = llama.encode('é', { addSpecialTokens: false });
    expect(ids).toEqual([259, 3 + 0xc3, 3 + 0xa9]);
    expect(llama.decode(ids)).toBe('é');
  });

  test('words encoded one by one are what the whole text is', () => {
    const library = new Library(JSON.parse(sentencePieceTokenizer), {});
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '▁', '.', 'é', '<s>', '😀') });
    fc.assert(
      fc.property(text, (text) => {
        expect(llama.encode(text)).toEqual(library.encode(text).ids);
      }),
    );
  });

  test('a token across words keeps a text in one piece', () => {
    const file = JSON.parse(sentencePieceTokenizer);
    file.model.vocab['a▁a'] = 267;
    file.model.merges.unshift('a ▁');
    file.model.vocab['a▁'] = 268;
    expect(new HuggingFaceTokenizer(JSON.stringify(file)).encode('ca a')).toEqual([1, 259, 262, 268, 260]);
  });
});

test('merges of any characters, written either way, are what the library makes of them', () => {
  const letters = ['a', '"', '\\', ',', '[', ']', '","', '\u0007', 'é', '😀'];
  const pairs = letters.flatMap((left) => letters.map((right) => [left, right] as const));
  const tokens = [...new Set([...letters, ...pairs.map((pair) => pair.join(''))])];
  const added = [
    { id: tokens.length + 1, content: 'a' },
    { id: 0, content: '<0>' },
  ];
  for (const merges of [pairs, pairs.map((pair) => pair.join(' '))]) {
    const file = {
      ...{ added_tokens: [], normalizer: null, pre_tokenizer: { type: 'WhitespaceSplit' }, post_processor: null },
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
    };
    for (const added_tokens of [[], added]) {
      const text = JSON.stringify({ ...file, added_tokens });
      const [ours, library] = [new HuggingFaceTokenizer(text), new Library(JSON.parse(text), {})];
      fc.assert(
        fc.property(fc.string({ unit: fc.constantFrom(...letters, ' ', 'b') }), (text) => {
          expect(ours.encode(text)).toEqual(library.encode(text).ids);
        }),
      );
      const ids = [...tokens.keys(), tokens.length, tokens.length + 1, tokens.length + 2];
      expect(ids.map((id) => ours.idToToken(id))).toEqual(ids.map((id) => library.id_to_token(id)));
    }
  }
});

test('ids without a token are left out', () => {
  expect(gpt.decode([116, 9999, 257])).toBe('the');
  expect(gpt.decode([])).toBe('');
});

test('end-of-word tokens are words with spaces between', () => {
  const tokenizer = new HuggingFaceTokenizer(endOfWordTokenizer);
  const ids = tokenizer.encode('Ab a.');
  expect(ids).toEqual([5, 3, 6]);
  expect(tokenizer.decode(ids)).toBe('ab a .');
});

test('cleans spaces before punctuation up only where the configuration says so', () => {
  const ids = [5, 6, 3];
  const decode = (config: string) => new HuggingFaceTokenizer(endOfWordTokenizer, config).decode(ids);
  expect(decode('{}')).toBe('ab . a');
  expect(decode('{"clean_up_tokenization_spaces":true}')).toBe('ab. a');
});

test('a token is special by flag, by list or by role', () => {
  const config = JSON.stringify({ pad_token: 'a', additional_special_tokens: ['b', { content: 'n' }, 'missing'] });
  const tokenizer = new HuggingFaceTokenizer(endOfWordTokenizer, config);
  expect([0, 1, 2, 3, 8].map((id) => tokenizer.isSpecial(id))).toEqual([true, true, true, false, true]);
});

test.each([
  ['', 'Cannot read here/tokenizer.json: it is not JSON'],
  ['[1]', 'Cannot read here/tokenizer.json: it holds [1], wanted an object'],
  ['{}', 'Cannot read here/tokenizer.json: it has no "model" with a "vocab"'],
  ['{"model":{"vocab":7}}', 'Cannot read here/tokenizer.json: it has no "model" with a "vocab"'],
  [
    '{"model":{"type":"Magic","vocab":{}}}',
    'Cannot read here/tokenizer.json: its model is of type "Magic", wanted one of BPE, ',
  ],
  ['{"model":{"type":"BPE","vocab":{}}}', 'Cannot read here/tokenizer.json: '],
])('refuses the file %j', (text, message) => {
  expect(() => new HuggingFaceTokenizer(text, '{}', 'here/tokenizer.json')).toThrow(message);
});

test('refuses an unknown decoder and a configuration that is no object', () => {
  const file = { ...JSON.parse(byteLevelTokenizer), decoder: { type: 'CTC' } };
  expect(() => new HuggingFaceTokenizer(JSON.stringify(file))).toThrow(/unknown type "CTC", wanted one of ByteLevel/);
  expect(() => new HuggingFaceTokenizer(byteLevelTokenizer, '3')).toThrow(
    'Cannot read the tokenizer_config.json of tokenizer.json: it holds 3, wanted an object',
  );
});

describe('Unigram', () => {
  const file = (model: object, parts: object = {}) =>
    JSON.stringify({
      ...{ added_tokens: [], normalizer: null, post_processor: null, decoder: { type: 'Metaspace', replacement: '▁' } },
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
      ...parts,
      model: { type: 'Unigram', ...model },
    });
  const vocab = [
    ['<unk>', 0],
    ['▁', -2],
    ['a', -3],
    ['b', -3],
    ['▁ab', -4],
    ['▁a', -4.5],
  ];

  test('cuts each word where the sum of its scores is highest', () => {
    const tokenizer = new HuggingFaceTokenizer(file({ vocab, unk_id: 0 }));
    expect(tokenizer.encode('ab aab')).toEqual([4, 5, 2, 3]);
    expect(tokenizer.encode('xyb xz')).toEqual([1, 0, 3, 1, 0]);
    expect(tokenizer.decode([4, 5, 2, 3])).toBe('ab aab');
    expect(tokenizer.vocabSize).toBe(6);
  });

  test('writes unknown characters as bytes where it has them', () => {
    const bytes = [...new TextEncoder().encode('é')].map((byte) => [`<0x${byte.toString(16).toUpperCase()}>`, -9]);
    const tokenizer = new HuggingFaceTokenizer(file({ vocab: [...vocab, ...bytes], unk_id: 0, byte_fallback: true }));
    expect(tokenizer.encode('éb x')).toEqual([1, 6, 7, 3, 1, 0]);
  });

  test.each([
    [{ vocab: {}, unk_id: 0 }, 'the vocabulary of its Unigram is no list'],
    [{ vocab: [['a', 'b']], unk_id: 0 }, 'entry 0 of its vocabulary is ["a","b"], wanted [token, score]'],
    [{ vocab, unk_id: 6 }, 'its unk_id is 6, wanted below 6'],
  ])('refuses %j', (model, message) => {
    expect(() => new HuggingFaceTokenizer(file(model))).toThrow(message);
  });

  test('says which character it does not know, if nothing stands for unknown ones', () => {
    expect(() => new HuggingFaceTokenizer(file({ vocab: vocab.slice(1) })).encode('ax')).toThrow(
      'Cannot encode "x": the vocabulary has neither the character nor a token for unknown ones',
    );
  });

  test.each([
    ['???', 'its map of characters is not base64'],
    ['AAAA', 'its map of characters has 3 bytes'],
  ])('refuses the map of characters %j', (precompiled_charsmap, message) => {
    const normalizer = { type: 'Precompiled', precompiled_charsmap };
    expect(() => new HuggingFaceTokenizer(file({ vocab, unk_id: 0 }, { normalizer }))).toThrow(message);
  });
});
