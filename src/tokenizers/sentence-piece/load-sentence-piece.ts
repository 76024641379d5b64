import { platform } from '#platform';
import { SentencePiece } from './sentence-piece.ts';
import { parseSentencePieceModel } from './sentence-piece-model.ts';

/** Those of the largest models have 15 MB. */
const MAX_FILE_BYTES = 1 << 28;

/** Reads a `.model` or `.spm` file. Throws an `Error` if it cannot be opened, and as `parseSentencePieceModel`. */
export async function loadSentencePiece(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SentencePiece> {
  const file = await platform.openFile(location, options);
  try {
    if (file.size > MAX_FILE_BYTES)
      throw new RangeError(`Cannot read ${location}: it has ${file.size} bytes, wanted at most ${MAX_FILE_BYTES}`);
    const bytes = new Uint8Array(file.size);
    await file.read(bytes, 0);
    return new SentencePiece(parseSentencePieceModel(bytes, location));
  } finally {
    await file.close();
  }
}
