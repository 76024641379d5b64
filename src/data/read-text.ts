import { platform } from '#platform';
import type { ReadableFile } from '../platform/platform.ts';

/** Bytes read at a time. */
const CHUNK_BYTES = 2 ** 20;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears of each piece of a file that has been read, in bytes. */
  readonly onRead?: ((numBytes: number) => void) | undefined;
}

/**
 * The text of a file (a path; a URL in a browser) in pieces of about a megabyte, none of which ends within a character. A
 * byte order mark is left out. Throws a `TypeError` that names byte and line where the file is not UTF-8 or has a NUL
 * character, as binary data does.
 */
export async function* readText(location: string, { signal, onRead }: ReadOptions = {}): AsyncGenerator<string> {
  const file = await platform.openFile(location, { signal });
  try {
    let numLines = 0;
    for (let offset = 0; offset < file.size; ) {
      const bytes = await readChunk(file, offset);
      yield decode(bytes, { location, offset, numLines });
      numLines += countLines(bytes);
      offset += bytes.length;
      onRead?.(bytes.length);
    }
  } finally {
    await file.close();
  }
}

/** The next bytes, cut where a character ends. */
async function readChunk(file: ReadableFile, offset: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(CHUNK_BYTES, file.size - offset));
  await file.read(bytes, offset);
  const isEnd = offset + bytes.length === file.size;
  return isEnd ? bytes : bytes.subarray(0, bytes.length - unfinishedLength(bytes));
}

/** How many bytes at the end belong to a character that goes on after them. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3; length++) {
    const byte = bytes.at(-length)!;
    const isContinuation = (byte & 0xc0) === 0x80;
    if (isContinuation) continue;
    const characterLength = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return characterLength > length ? length : 0;
  }
  return 0;
}

interface Place {
  readonly location: string;
  readonly offset: number;
  /** Line ends before `offset`. */
  readonly numLines: number;
}

function decode(bytes: Uint8Array, place: Place): string {
  const nul = bytes.indexOf(0);
  if (nul >= 0) refuse(bytes, nul, 'it has a NUL character', place);
  // A byte order mark is one at the start of the file only.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: place.offset > 0 });
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse(bytes, firstInvalidByte(bytes), 'it is not UTF-8', place);
  }
}

function refuse(bytes: Uint8Array, index: number, problem: string, { location, offset, numLines }: Place): never {
  const line = numLines + countLines(bytes.subarray(0, index)) + 1;
  throw new TypeError(
    `Cannot read ${location}, line ${line}: ${problem} at byte ${offset + index}, wanted text in UTF-8`,
  );
}

/** Where bytes that are not UTF-8 stop to be the start of a text: the shortest part that cannot be is found by halving. */
function firstInvalidByte(bytes: Uint8Array): number {
  let [valid, invalid] = [0, bytes.length + 1];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    if (canStartText(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  return Math.min(valid, bytes.length - 1);
}

function canStartText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x0a) count++;
  return count;
}
