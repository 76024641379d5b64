import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goldenNames, readGoldenJson } from '../../../test/goldens.ts';
import { sentencePieceModel } from '../../../test/goldens-sentence-piece.ts';
import { SentencePiece } from './sentence-piece.ts';

/** What the SentencePiece library says of the same model. */
interface Golden {
  readonly isNmt: boolean;
  readonly vocabSize: number;
  readonly texts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly unknown: readonly string[];
    readonly decoded: string;
  }[];
  readonly idLists: readonly { readonly ids: readonly number[]; readonly decoded: string }[];
}

/** Each faulty stretch of bytes is one U+FFFD, where the library writes one for each byte. */
const oneMark = (text: string) => text.replace(/\uFFFD+/g, '\uFFFD');

describe.each(goldenNames('sentence-piece'))('%s', (name) => {
  const golden = readGoldenJson<Golden>('sentence-piece', name, 'golden.json');
  const processor = new SentencePiece(sentencePieceModel(name, golden.isNmt));
  const decode = (ids: readonly number[]) => {
    const stream = processor.openTextStream();
    return oneMark(ids.map((id) => stream.push(processor.model.pieces[id]!)).join('') + stream.end());
  };

  test('has as many pieces', () => {
    expect(processor.model.pieces).toHaveLength(golden.vocabSize);
  });

  test('encodes and decodes texts', () => {
    for (const { text, ids, unknown, decoded } of golden.texts) {
      const pieces = processor.encode(text);
      const unknownPieces = pieces.filter(({ id }) => id === processor.model.unkId);
      expect(
        pieces.map(({ id }) => id),
        text,
      ).toEqual(ids);
      expect(
        unknownPieces.map((piece) => piece.text),
        text,
      ).toEqual(unknown);
      expect(decode(ids), text).toBe(oneMark(decoded));
    }
  });

  test('decodes any ids', () => {
    for (const { ids, decoded } of golden.idLists) expect(decode(ids), ids.join()).toBe(oneMark(decoded));
  });

  test('each piece is the text of its id, whatever the text', () => {
    const { unkId, pieces } = processor.model;
    fc.assert(
      fc.property(fc.array(fc.nat(0x2ffff)), (codes) => {
        for (const piece of processor.encode(String.fromCodePoint(...codes)))
          if (piece.id !== unkId) expect(piece.text).toBe(pieces[piece.id]);
      }),
    );
  });
});
