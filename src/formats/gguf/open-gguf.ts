import { platform } from '#platform';
import type { ReadableFile } from '../../platform/platform.ts';
import { requireInside, type TensorEntry, tensorEntry, type WeightSource } from '../weight-source.ts';
import type { GgufValue } from './gguf-value.ts';
import { type GgufHeader, readGgufHeader } from './read-header.ts';

/** Whether a path or URL is that of a GGUF file, which is a whole model. */
export async function isGgufModel(location: string): Promise<boolean> {
  return /\.gguf$/i.test(location) && !(await platform.isDirectory(location));
}

/**
 * Opens a GGUF file (a path; a URL in a browser) and reads its header; the tensors' bytes, blocks as they are, are read when
 * asked for. Throws an `Error` if there is no such file, and as the header's reader does: a `SyntaxError` for what is no GGUF
 * file, a `RangeError` for counts, lengths, types and offsets that cannot be.
 *
 * @example
 * const file = await openGguf('models/stories.gguf');
 * console.log(file.values.get('general.architecture'), file.tensors.get('token_embd.weight')?.dtype);
 * await file.close();
 */
export async function openGguf(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<GgufFile> {
  const file = await platform.openFile(location, options);
  try {
    const header = await readGgufHeader(file);
    requireWhole(header, location);
    return new GgufFile(file, header);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function requireWhole({ metadata }: GgufHeader, location: string): void {
  const numParts = metadata.get('split.count') ?? 1;
  if (typeof numParts === 'number' && numParts <= 1) return;
  throw new RangeError(
    `Cannot read ${location}: it is one of ${valueText(numParts)} parts, wanted a whole file (llama-gguf-split --merge makes one)`,
  );
}

/** A GGUF file: its tensors, and everything else that it says. */
export class GgufFile implements WeightSource {
  readonly location: string;
  readonly version: number;
  /** The metadata. */
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #file: ReadableFile;
  readonly #starts: ReadonlyMap<string, number>;

  constructor(file: ReadableFile, { version, metadata, tensors }: GgufHeader) {
    this.location = file.location;
    this.version = version;
    this.values = metadata;
    this.#file = file;
    this.tensors = new Map(tensors.map(({ begin: _, ...entry }) => [entry.name, entry]));
    this.#starts = new Map(tensors.map(({ name, begin }) => [name, begin]));
  }

  /** The metadata as text, arrays by their lengths. */
  get metadata(): ReadonlyMap<string, string> {
    return new Map([...this.values].map(([key, value]) => [key, valueText(value)]));
  }

  async read(name: string, target: Uint8Array, byteOffset: number): Promise<void> {
    requireInside(tensorEntry(this, name), byteOffset, target.length);
    await this.#file.read(target, this.#starts.get(name)! + byteOffset);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function valueText(value: GgufValue): string {
  return typeof value === 'object' ? `[${value.length} values]` : String(value);
}
