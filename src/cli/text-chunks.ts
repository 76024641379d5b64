import { addAbortSignal, type Readable } from 'node:stream';
import { platform } from '#platform';
import type { InputStream } from './io.ts';
import { Utf8Check } from './utf8-check.ts';

/** Where chunks of text come from, and what stops and hears of it. */
export interface ChunkOptions {
  readonly stdin: InputStream;
  readonly signal: AbortSignal;
  /** Is told the length of each chunk in bytes. */
  readonly onRead: (numBytes: number) => void;
}

/**
 * The text of a file in chunks, without a byte order mark; `-` is stdin. Throws an `Error` that names the byte where it is
 * not UTF-8 or has a NUL.
 */
export async function* textChunks(location: string, { stdin, signal, onRead }: ChunkOptions): AsyncGenerator<string> {
  const isStdin = location === '-';
  const check = new Utf8Check(isStdin ? 'stdin' : location);
  const decoder = new TextDecoder();
  for await (const bytes of isStdin ? streamBytes(stdin, signal) : fileBytes(location, signal)) {
    check.push(bytes);
    onRead(bytes.length);
    yield decoder.decode(bytes, { stream: true });
  }
  check.end();
}

/** The sum of the sizes of files in bytes; of stdin nothing is known. Throws an `Error` for one that cannot be read. */
export async function sumFileSizes(locations: readonly string[], signal: AbortSignal): Promise<number> {
  let sum = 0;
  for (const location of locations) {
    if (location === '-') continue;
    const file = await platform.openFile(location, { signal });
    sum += file.size;
    await file.close();
  }
  return sum;
}

const CHUNK_BYTES = 2 ** 18;

async function* fileBytes(location: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await platform.openFile(location, { signal });
  try {
    for (let offset = 0; offset < file.size; offset += CHUNK_BYTES) {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, file.size - offset));
      await file.read(bytes, offset);
      yield bytes;
    }
  } finally {
    await file.close();
  }
}

async function* streamBytes(stream: InputStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  addAbortSignal(signal, stream as Readable);
  for await (const chunk of stream) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
}
