import { expect, test } from 'vitest';
import { ByteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { createSourceTargetTokenizer } from '../tokenizers/source-target/create-source-target-tokenizer.ts';
import { DocumentEncoder, type DocumentMarks } from './encode-documents.ts';
import { pairPiece, parseDocument } from './text-document.ts';

const tokenizer = new ByteTokenizer();
const [BOS, EOS, A, B] = [256, 257, 97, 98];

function encode(document: object, marks: DocumentMarks = {}) {
  const { tokenIds, promptLength } = new DocumentEncoder(tokenizer, marks).encode(
    parseDocument(document, 'document 0'),
  );
  return { tokenIds, promptLength };
}

/** A tokenizer that marks neither beginning nor end. */
function plain(): ByteTokenizer {
  return Object.create(tokenizer, {
    bosTokenId: { value: undefined },
    eosTokenId: { value: undefined },
  });
}

test('a text begins and ends as the tokenizer has it, or as it is told', () => {
  expect(encode({ text: 'ab' })).toEqual({ tokenIds: [BOS, A, B, EOS], promptLength: 0 });
  expect(encode({ text: 'ab' }, { beginTokenId: 'none', endTokenId: 1 })).toEqual({
    tokenIds: [A, B, 1],
    promptLength: 0,
  });
});

test('a prompt is counted with what begins it', () => {
  expect(encode({ prompt: 'a', completion: 'b' })).toEqual({ tokenIds: [BOS, A, B, EOS], promptLength: 2 });
  expect(encode({ prompt: '', completion: 'b' })).toEqual({ tokenIds: [BOS, B, EOS], promptLength: 0 });
});

test('a source ends, and a target begins and ends', () => {
  expect(encode({ source: 'a', target: 'b' })).toEqual({ tokenIds: [A, EOS, BOS, B, EOS], promptLength: 2 });
});

test('pairs are read as a model with tokenizers of its own has it', () => {
  const shifted: ByteTokenizer = Object.create(plain(), {
    encode: {
      value: (text: string) =>
        tokenizer
          .encode(text)
          .slice(1)
          .map((id) => id + 300),
    },
    vocabSize: { value: 600 },
  });
  const sourceTarget = createSourceTargetTokenizer({ source: shifted, target: tokenizer });
  const pairs = { tokenizer: sourceTarget, startTokenId: 7, endTokenId: EOS };
  const encoder = new DocumentEncoder(tokenizer, {}, pairs);
  const { tokenIds, promptLength } = encoder.encode(pairPiece('ab', 'b', 'a.tsv, line 1'));
  expect([tokenIds, promptLength]).toEqual([[A + 300, B + 300, 7, BOS, B, EOS], 2]);
  expect([encoder.vocabSize, encoder.settings]).toEqual([
    ...[600, { text: expect.anything(), pair: { startTokenId: 7, endTokenId: EOS } }],
  ]);
});

test('the pieces of a text have one beginning and one end', () => {
  const encoder = new DocumentEncoder(tokenizer, {});
  const piece = { kind: 'text', prompt: '', place: 'a.txt' } as const;
  expect(encoder.encode({ ...piece, text: 'a', isFirst: true, isLast: false }).tokenIds).toEqual([BOS, A]);
  expect(encoder.encode({ ...piece, text: 'b', isFirst: false, isLast: false }).tokenIds).toEqual([B]);
  expect(encoder.encode({ ...piece, text: '', isFirst: false, isLast: true }).tokenIds).toEqual([EOS]);
});

test('says what is missing for pairs and what no token is', () => {
  const encoder = new DocumentEncoder(plain(), {});
  expect(() => encoder.encode(pairPiece('a', 'b', 'a.tsv, line 1'))).toThrow(
    'Cannot encode a.tsv, line 1: the target of a pair begins and ends with a token of its own',
  );
  expect(() => new DocumentEncoder(tokenizer, { endTokenId: 259 })).toThrow(
    new RangeError('Cannot encode documents: endTokenId is 259, wanted a whole number from 0 to 258'),
  );
});

test('refuses a document without tokens and tokens outside the vocabulary', () => {
  const silent = Object.assign(plain(), { encode: () => [] });
  expect(() => new DocumentEncoder(silent, {}).encode(parseDocument({ text: 'a' }, 'document 3'))).toThrow(
    'Cannot encode document 3: it gives no tokens',
  );
  const foreign = Object.assign(plain(), { encode: () => [300] });
  expect(() => new DocumentEncoder(foreign, {}).encode(parseDocument({ text: 'a' }, 'document 3'))).toThrow(
    'Cannot encode document 3: the tokenizer gives token 300, wanted less than 259',
  );
});
