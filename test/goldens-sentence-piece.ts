import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  parseSentencePieceModel,
  type SentencePieceModel,
} from '../src/tokenizers/sentence-piece/sentence-piece-model.ts';
import { goldenPath } from './goldens.ts';

/** The map of characters that `nmt_nfkc` stands for. */
export function nmtCharsmap(): Uint8Array {
  return gunzipSync(readFileSync(goldenPath('sentence-piece', 'nmt_nfkc.charsmap.gz')));
}

/** The bytes of a golden model. That of `nmt_nfkc` gets its map of characters: messages one after the other are one. */
export function sentencePieceFile(name: string, isNmt: boolean): Uint8Array {
  const file = readFileSync(goldenPath('sentence-piece', name, 'model'));
  if (!isNmt) return file;
  const normalizer = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(nmtCharsmap()).finish();
  const rest = new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(normalizer).finish();
  return Buffer.concat([file, rest]);
}

export function sentencePieceModel(name: string, isNmt: boolean): SentencePieceModel {
  return parseSentencePieceModel(sentencePieceFile(name, isNmt), name);
}
