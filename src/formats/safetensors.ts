import { platform } from '#platform';
import type { ReadableFile } from '../platform/platform.ts';
import { MAX_HEADER_BYTES, parseSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.ts';
import { requireInside, tensorEntry, type WeightSource } from './weight-source.ts';

/**
 * Opens one safetensors file (a path; a URL in a browser) and reads its header; the tensors' bytes are read when asked for.
 * The format: 8 bytes, little-endian, the header's length; the header, JSON; the tensors' bytes.
 * Throws an `Error` if there is no such file, a `SyntaxError`, `TypeError` or `RangeError` for a header that does not hold.
 */
export async function openSafetensors(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WeightSource> {
  const file = await platform.openFile(location, options);
  try {
    return await readSafetensors(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** `openSafetensors` of a file that is open. */
export async function readSafetensors(file: ReadableFile): Promise<WeightSource> {
  const headerLength = await readHeaderLength(file);
  const header = new Uint8Array(headerLength);
  await file.read(header, 8);
  const dataStart = 8 + headerLength;
  return new SafetensorsFile(file, dataStart, parseSafetensorsHeader(header, file.size - dataStart, file.location));
}

async function readHeaderLength(file: ReadableFile): Promise<number> {
  if (file.size < 8) {
    throw new RangeError(
      `Cannot read ${file.location}: it has ${file.size} bytes, wanted at least 8 of a safetensors file`,
    );
  }
  const prefix = new Uint8Array(8);
  await file.read(prefix, 0);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > file.size - 8) {
    throw new RangeError(
      `Cannot read ${file.location}: header of ${length} bytes, but the file has ${file.size - 8} after its length`,
    );
  }
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(`Cannot read ${file.location}: header of ${length} bytes, wanted at most ${MAX_HEADER_BYTES}`);
  }
  return length;
}

class SafetensorsFile implements WeightSource {
  readonly location: string;
  readonly tensors: WeightSource['tensors'];
  readonly metadata: ReadonlyMap<string, string>;
  readonly #file: ReadableFile;
  readonly #starts: ReadonlyMap<string, number>;

  constructor(file: ReadableFile, dataStart: number, header: SafetensorsHeader) {
    this.location = file.location;
    this.#file = file;
    this.tensors = new Map(header.entries.map(({ begin: _, ...entry }) => [entry.name, entry]));
    this.metadata = header.metadata;
    this.#starts = new Map(header.entries.map(({ name, begin }) => [name, dataStart + begin]));
  }

  async read(name: string, target: Uint8Array, byteOffset: number): Promise<void> {
    requireInside(tensorEntry(this, name), byteOffset, target.length);
    await this.#file.read(target, this.#starts.get(name)! + byteOffset);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
