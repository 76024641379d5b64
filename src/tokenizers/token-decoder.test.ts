import { expect, test } from 'vitest';
import { createTokenDecoder, type DecoderConfig } from './token-decoder.ts';

function decode(config: DecoderConfig, tokens: readonly string[]): string {
  const stream = createTokenDecoder(config)();
  return tokens.map((token) => stream.push(token)).join('') + stream.end();
}

const sequence = (...decoders: object[]) => ({ type: 'Sequence', decoders });
const strip = (start: number, stop: number) => ({ type: 'Strip', content: ' ', start, stop });

// Expected texts: what the Rust library gives.
test.each<[what: string, DecoderConfig, string[], string]>([
  ['no decoder', null, ['a', 'b'], 'a b'],
  ['Fuse', { type: 'Fuse' }, ['a', 'b'], 'ab'],
  ['Strip, token by token', strip(1, 1), ['  a  ', ' b'], ' a b'],
  ['Strip after Fuse', sequence({ type: 'Fuse' }, strip(2, 2)), [' ', '  a ', ' ', ' b', ' ', '  '], ' a   b '],
  [
    'Replace of an expression',
    { type: 'Replace', pattern: { Regex: '_+' }, content: '$&-' },
    ['a__b', '_'],
    'a$&-b$&-',
  ],
  ['Metaspace', { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }, ['▁a', '▁b▁', 'c'], 'a b c'],
  [
    'Metaspace that adds nothing',
    { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' },
    ['▁a', '▁b'],
    ' a b',
  ],
  ['BPEDecoder', { type: 'BPEDecoder', suffix: '</w>' }, ['a', 'b</w>', 'c</w>'], 'ab c'],
  ['WordPiece', { type: 'WordPiece', prefix: '##', cleanup: true }, ['##a', '##b', 'c', '.', '##d'], '##ab c.d'],
  ['WordPiece without cleaning', { type: 'WordPiece', prefix: '##', cleanup: false }, ['c', '.'], 'c .'],
  ['ByteFallback', { type: 'ByteFallback' }, ['<0x41>', '<0xC3>', '<0xA9>', 'b', '<0x1>'], 'Aéb<0x1>'],
  ['ByteLevel with a token outside its alphabet', { type: 'ByteLevel' }, ['Ã', '©', '｜é', 'Ġb'], 'é｜é b'],
  ['ByteLevel with a byte order mark', { type: 'ByteLevel' }, ['ï', '»', '¿', 'a'], '\uFEFFa'],
])('%s', (_what, config, tokens, text) => {
  expect(decode(config, tokens)).toBe(text);
});

test('refuses a field of another type', () => {
  expect(() => createTokenDecoder({ type: 'Strip', start: 'one' })).toThrow(
    'Cannot read the tokenizer\'s Strip decoder: start is "one", wanted a number',
  );
});
