import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect } from '../../test/collect.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { splitPlainText, type TextPiece } from './split-plain-text.ts';

async function* chunksOf(text: string, length: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += length) yield text.slice(i, i + length);
}

interface Input {
  readonly separator?: string | undefined;
  readonly chunkLength?: number;
  readonly pieceLength?: number;
}

async function piecesOf(text: string, { separator, chunkLength = 100, pieceLength = 1000 }: Input = {}) {
  return collect(splitPlainText(chunksOf(text, chunkLength), separator, pieceLength));
}

/** The documents that pieces are of; fails unless each begins and ends. */
function documentsOf(pieces: readonly TextPiece[]): string[] {
  const documents: string[] = [];
  let isOpen = false;
  for (const { text, isFirst, isLast } of pieces) {
    expect(isFirst).toBe(!isOpen);
    if (isFirst) documents.push(text);
    else documents[documents.length - 1] += text;
    isOpen = !isLast;
  }
  expect(isOpen).toBe(false);
  return documents;
}

test('a text without a separator is one document, to the character', async () => {
  expect(await piecesOf('\n one\n\n')).toEqual([{ text: '\n one\n\n', isFirst: true, isLast: true }]);
  expect(await piecesOf('')).toEqual([]);
});

test('separators and the line ends beside them are no part of the documents', async () => {
  const text = 'one\nline\n<|end|>\n\ntwo<|end|><|end|> \n<|end|>three\r\n';
  expect(documentsOf(await piecesOf(text, { separator: '<|end|>' }))).toEqual(['one\nline', 'two', 'three']);
  expect(documentsOf(await piecesOf('a\n---\n\n---\nb---\nc', { separator: '\n---\n' }))).toEqual(['a', 'b---\nc']);
});

test('neither chunks nor pieces show in the documents', async () => {
  const words = fc.constantFrom('a', 'word', ' ', '\n', '\n\n', '<', '<|', '<|e|>', '|>', '🙂', '\r\n', '  ');
  await fc.assert(
    fc.asyncProperty(
      fc.array(words, { maxLength: 40 }).map((list) => list.join('')),
      fc.option(fc.constantFrom('<|e|>', '\n\n', '<'), { nil: undefined }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      async (text, separator, chunkLength, pieceLength) => {
        const whole = separator === undefined ? (text === '' ? [] : [text]) : text.split(separator);
        const trimmed = whole.map((document) => document.replace(/^[\r\n]+|[\r\n]+$/g, ''));
        const wanted = separator === undefined ? whole : trimmed.filter((document) => document.trim() !== '');
        const documents = documentsOf(await piecesOf(text, { separator, chunkLength, pieceLength }));
        expect(documents.filter((document) => document.trim() !== '' || separator === undefined)).toEqual(wanted);
      },
    ),
    { numRuns: 500 },
  );
});

test('cuts between words where it can', async () => {
  const pieces = await piecesOf('one two,  three\nfour five', { pieceLength: 8 });
  expect(pieces.map(({ text }) => text)).toEqual(['one', ' two,  t', 'hree\n', 'four', ' five']);
});

test.each(['gpt2', 'llama3', 'qwen2'])('the pieces have the tokens of the whole (%s)', async (name) => {
  const tokenizer = (await loadTokenizer(
    fileURLToPath(new URL(`../../test/goldens/tokenizers/${name}`, import.meta.url)),
  ))!;
  const encode = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
  const words = fc.constantFrom('one', "it's", 'wörd', '12', ',', '.', '東京', ' ', ' ', ' ', '\n', '\n\n', '\t', '--');
  await fc.assert(
    fc.asyncProperty(fc.array(words, { minLength: 50, maxLength: 100 }), async (list) => {
      // There is a place to cut at in every piece, whatever lies between.
      const text = list.map((word, i) => (i % 3 === 0 ? ` a b ${word}` : word)).join('');
      const pieces = await piecesOf(text, { pieceLength: 60 });
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.flatMap((piece) => encode(piece.text))).toEqual(encode(text));
    }),
  );
});

test('never cuts within a character', async () => {
  const pieces = await piecesOf('🙂'.repeat(5), { pieceLength: 3, chunkLength: 100 });
  expect(pieces.map(({ text }) => text)).toEqual(['🙂', '🙂', '🙂', '🙂', '🙂']);
});
