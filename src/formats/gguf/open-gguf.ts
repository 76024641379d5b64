import { platform } from '#platform';
import type { ReadableFile } from '../../platform/platform.ts';
import { requireInside, type TensorEntry, tensorEntry, type WeightSource } from '../weight-source.ts';
import type { GgufValue } from './gguf-value.ts';
import { readGgufHeader } from './read-header.ts';
import { type GgufPart, isWhole, partLocations, requireOneModel } from './split-files.ts';

/** Whether a path or URL is that of a GGUF file, which is a whole model. */
export async function isGgufModel(location: string): Promise<boolean> {
  return /\.gguf$/i.test(location) && !(await platform.isDirectory(location));
}

/**
 * Opens a GGUF file (a path; a URL in a browser) and reads its header; the tensors' bytes, blocks as they are, are read when
 * asked for. Of a model that is split into several files (`name-00001-of-00003.gguf`), any of them names all. Throws an `Error` if there
 * is no such file, and as the header's reader does: a `SyntaxError` for what is no GGUF file, a `RangeError` for counts, lengths,
 * types and offsets that cannot be, and for parts that do not belong together.
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
  const parts: GgufPart[] = [];
  try {
    parts.push(await openPart(location, options));
    if (isWhole(parts[0]!)) return new GgufFile(parts);
    const names = partLocations(parts[0]!);
    await parts.pop()!.file.close();
    for (const name of names) {
      options.signal?.throwIfAborted();
      parts.push(await openPart(name, options));
    }
    requireOneModel(parts);
    return new GgufFile(parts);
  } catch (error) {
    for (const { file } of parts) await file.close();
    throw error;
  }
}

async function openPart(location: string, options: { readonly signal?: AbortSignal | undefined }): Promise<GgufPart> {
  const file = await platform.openFile(location, options);
  try {
    return { file, header: await readGgufHeader(file) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A GGUF file: its tensors, and everything else that it says. */
export class GgufFile implements WeightSource {
  readonly location: string;
  readonly version: number;
  /** The metadata. */
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #parts: readonly GgufPart[];
  readonly #places: ReadonlyMap<string, { readonly file: ReadableFile; readonly begin: number }>;

  /** Of its parts, the first of which says what the model is. */
  constructor(parts: readonly GgufPart[]) {
    const [{ file, header }] = parts as readonly [GgufPart];
    this.location = file.location;
    this.version = header.version;
    this.values = header.metadata;
    this.#parts = parts;
    const placed = parts.flatMap(({ file, header }) => header.tensors.map((tensor) => ({ file, ...tensor })));
    this.tensors = new Map(placed.map(({ file: _, begin: __, ...entry }) => [entry.name, entry]));
    this.#places = new Map(placed.map(({ name, file, begin }) => [name, { file, begin }]));
  }

  /** The metadata as text, arrays by their lengths. */
  get metadata(): ReadonlyMap<string, string> {
    return new Map([...this.values].map(([key, value]) => [key, valueText(value)]));
  }

  async read(name: string, target: Uint8Array, byteOffset: number): Promise<void> {
    requireInside(tensorEntry(this, name), byteOffset, target.length);
    const { file, begin } = this.#places.get(name)!;
    await file.read(target, begin + byteOffset);
  }

  async close(): Promise<void> {
    for (const { file } of this.#parts) await file.close();
  }
}

function valueText(value: GgufValue): string {
  return typeof value === 'object' ? `[${value.length} values]` : String(value);
}
