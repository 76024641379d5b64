import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sentencePieceFile } from '../../../test/goldens-sentence-piece.ts';
import { CharacterMap } from './character-map.ts';
import { PIECE_TYPES } from './piece-types.ts';
import { SentencePiece } from './sentence-piece.ts';
import { parseSentencePieceModel } from './sentence-piece-model.ts';

type Write = (writer: BinaryWriter) => BinaryWriter;

function message(number: number, write: Write): Write {
  return (writer) => writer.tag(number, WireType.LengthDelimited).bytes(write(new BinaryWriter()).finish());
}

function piece(text: string, score: number, type: number = PIECE_TYPES.normal): Write {
  return message(1, (writer) =>
    writer
      .tag(1, WireType.LengthDelimited)
      .string(text)
      .tag(2, WireType.Bit32)
      .float(score)
      .tag(3, WireType.Varint)
      .int32(type),
  );
}

const UNKNOWN = piece('<unk>', 0, PIECE_TYPES.unknown);
const setting = (message_: number, field: number, value: number) =>
  message(message_, (writer) => writer.tag(field, WireType.Varint).int32(value));
const charsmap = (bytes: Uint8Array, spec = 3) =>
  message(spec, (writer) => writer.tag(2, WireType.LengthDelimited).bytes(bytes));

function fileOf(...writes: readonly Write[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const write of writes) write(writer);
  return writer.finish();
}

const load = (...writes: readonly Write[]) =>
  new SentencePiece(parseSentencePieceModel(fileOf(...writes), 'some.model'));

test('Of equal cuts, the one whose last piece begins earlier is taken', () => {
  const processor = load(UNKNOWN, ...['a', 'b', 'c'].map((it) => piece(it, -1)), piece('ab', -1), piece('bc', -1));
  expect(processor.encode('abc').map(({ text }) => text)).toEqual(['▁', 'a', 'bc']);
});

test('A pair is merged by score, the leftmost of equals first, and unused pieces are cut again', () => {
  const letters = ['a', 'b', 'c', '▁'].map((it) => piece(it, -9));
  const bpe = setting(2, 3, 2);
  const pieces = (...extra: readonly Write[]) =>
    load(bpe, UNKNOWN, ...letters, ...extra)
      .encode('abcx')
      .map(({ text }) => text);
  expect(pieces(piece('ab', -1), piece('bc', -2))).toEqual(['▁', 'ab', 'c', 'x']);
  expect(pieces(piece('ab', -2), piece('bc', -1))).toEqual(['▁', 'a', 'bc', 'x']);
  expect(pieces(piece('ab', -1), piece('bc', -1))).toEqual(['▁', 'ab', 'c', 'x']);
  expect(pieces(piece('ab', -1, PIECE_TYPES.unused), piece('abc', -2))).toEqual(['▁', 'abc', 'x']);
  expect(pieces(piece('ab', -1, PIECE_TYPES.unused), piece('bc', -2))).toEqual(['▁', 'a', 'b', 'c', 'x']);
});

test('A long text takes time in proportion to its length, also where nothing but one letter repeats', () => {
  const letters = Array.from({ length: 16 }, (_, i) => piece('a'.repeat(i + 1), -i));
  for (const kind of [1, 2]) {
    const processor = load(setting(2, 3, kind), UNKNOWN, ...letters);
    const pieces = processor.encode('a'.repeat(20_000));
    expect(pieces.map(({ text }) => text).join('')).toBe(`▁${'a'.repeat(20_000)}`);
  }
});

const entry = (units: readonly number[], rest: Uint8Array, trieBytes = units.length * 4) => {
  const bytes = new Uint8Array(4 + units.length * 4 + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, trieBytes, true);
  for (const [i, unit] of units.entries()) view.setUint32(4 + 4 * i, unit, true);
  bytes.set(rest, 4 + 4 * units.length);
  return bytes;
};

test.each([
  [[], 'it has no piece for what is unknown'],
  [[UNKNOWN, piece('', 0)], 'piece 1 has 0 characters, wanted 1 to 1024'],
  [[UNKNOWN, piece('a'.repeat(1025), 0)], 'piece 1 has 1025 characters'],
  [[UNKNOWN, piece('a', Number.NaN)], 'the score of piece 1 is NaN'],
  [[UNKNOWN, piece('a', 0, 7)], 'piece 1 is of type 7, wanted 1 to 6'],
  [[UNKNOWN, piece('a', 0), piece('a', 0)], 'it has the piece "a" twice'],
  [[UNKNOWN, piece('<u>', 0, PIECE_TYPES.unknown)], 'it has several pieces for what is unknown'],
  [[UNKNOWN, piece('<0x0a>', 0, PIECE_TYPES.byte)], 'its byte piece "<0x0a>" is no byte'],
  [[UNKNOWN, piece('<0x0A>', 0, PIECE_TYPES.byte)], 'it has 1 pieces for bytes, wanted 0'],
  [[UNKNOWN, setting(2, 35, 1)], 'it has 0 pieces for bytes, wanted 256'],
  [[UNKNOWN, setting(2, 3, 4)], 'its model type is char, wanted unigram or bpe'],
  [[UNKNOWN, setting(2, 3, 9)], 'its model type is 9, wanted unigram or bpe'],
  [[UNKNOWN, charsmap(new Uint8Array(9), 5)], 'it changes characters of what it decodes'],
  [[UNKNOWN, charsmap(new Uint8Array(3))], 'its map of characters has 3 bytes and a trie of 3'],
  [[UNKNOWN, charsmap(entry([0], new Uint8Array(), 999))], 'has 8 bytes and a trie of 999'],
  [
    [UNKNOWN, charsmap(entry([0], new Uint8Array(2000).fill(65)))],
    'has a replacement of 2000 bytes, wanted at most 1024',
  ],
  [[(writer: BinaryWriter) => writer.tag(1, WireType.Varint).int32(1)], 'field 1 is of wire type 0, wanted 2'],
  [[(writer: BinaryWriter) => writer.tag(1, WireType.LengthDelimited).uint32(50)], 'premature EOF'],
] as const)('What does not hold is refused: %#', (writes, message_) => {
  expect(() => load(...writes)).toThrow(message_);
  expect(() => load(...writes)).toThrow('some.model');
});

test('Groups within groups are refused', () => {
  const file = new Uint8Array(200_000);
  for (let i = 0; i < file.length; i += 2) file.set([0x9b, 0x06], i); // field 99, start of a group
  expect(() => parseSentencePieceModel(file, 'some.model')).toThrow('Cannot read some.model as a SentencePiece model');
});

test('A damaged file is read or refused, and nothing else', () => {
  const whole = sentencePieceFile('unigram-rules', false);
  const damage = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 5 }), fc.nat(whole.length), (changes, length) => {
      const file = whole.slice(0, Math.max(length, whole.length / 2));
      for (const [at, byte] of changes) if (at < file.length) file[at] = byte;
      let processor: SentencePiece;
      try {
        processor = new SentencePiece(parseSentencePieceModel(file, 'some.model'));
      } catch (error) {
        expect((error as Error).message).toMatch(/^Cannot read some.model/);
        return;
      }
      processor.encode('The river É… ﬁ 海');
    }),
  );
});

test('A trie whose units lead anywhere ends with the text', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 300 }), fc.string(), (units, text) => {
      const map = new CharacterMap(entry(units, new Uint8Array(4)), 'some.model');
      for (let at = 0; at < text.length; at++) {
        const found = map.longestMatch(text, at);
        if (found !== undefined) expect(found.length).toBeLessThanOrEqual(text.length - at);
      }
    }),
  );
});
