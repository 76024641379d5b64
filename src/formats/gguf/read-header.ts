import { formatShape, numElements } from '../../base/shape.ts';
import type { ReadableFile } from '../../platform/platform.ts';
import type { TensorEntry } from '../weight-source.ts';
import { GgufCursor } from './gguf-cursor.ts';
import type { GgufValue } from './gguf-value.ts';
import { readValue } from './read-value.ts';
import { blockSize, TENSOR_TYPES } from './tensor-type.ts';

/** `GGUF`, read as a little-endian number. */
export const GGUF_MAGIC = 0x46554747;
export const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 1 << 20;
const MAX_KEY_BYTES = 65535;
const MAX_NAME_BYTES = 65535;
/** ggml's tensors have at most four dimensions. */
const MAX_RANK = 4;
/** Key's length, type and a value of one byte. */
const LEAST_PAIR_BYTES = 13;
/** Name's length, rank, type and offset. */
const LEAST_TENSOR_BYTES = 24;

/** A tensor and where its bytes begin in the file. */
export interface GgufTensor extends TensorEntry {
  readonly begin: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of the file. */
  readonly tensors: readonly GgufTensor[];
}

/**
 * Reads the header of a GGUF file of version 2 or 3, little-endian: counts, metadata, and for each tensor its name, shape, type
 * and offset. Throws a `SyntaxError` for what is no GGUF file or holds no UTF-8, and a `RangeError` for a version, type, count,
 * length or offset that cannot be; nothing larger than the file is allocated.
 */
export async function readGgufHeader(file: ReadableFile): Promise<GgufHeader> {
  const cursor = new GgufCursor(file);
  const version = await readVersion(cursor);
  const numTensors = await boundedCount(cursor, 'tensors', LEAST_TENSOR_BYTES);
  const numPairs = await boundedCount(cursor, 'metadata values', LEAST_PAIR_BYTES);
  const metadata = await readMetadata(cursor, numPairs);
  const alignment = alignmentOf(metadata, cursor);
  const placed: Placed[] = [];
  for (let i = 0; i < numTensors; i++) placed.push(await readTensorInfo(cursor));
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return { version, metadata, tensors: placeTensors(cursor, placed, dataStart, alignment) };
}

async function readVersion(cursor: GgufCursor): Promise<number> {
  const { location, size } = cursor.file;
  if (size < 24)
    throw new SyntaxError(`Cannot read ${location}: it has ${size} bytes, wanted at least 24 of a GGUF file`);
  const magic = await cursor.uint32();
  if (magic !== GGUF_MAGIC) throw new SyntaxError(`Cannot read ${location}: it does not begin with "GGUF"`);
  const version = await cursor.uint32();
  if (version === 2 || version === 3) return version;
  const isBigEndian = version === 0x02000000 || version === 0x03000000;
  throw cursor.refuse(
    isBigEndian ? 'it is big-endian, wanted little-endian' : `it has version ${version}, wanted 2 or 3`,
  );
}

async function boundedCount(cursor: GgufCursor, what: string, leastBytes: number): Promise<number> {
  const count = await cursor.count(`the number of ${what}`);
  const most = Math.floor(cursor.file.size / leastBytes);
  if (count > most) throw cursor.refuse(`${count} ${what}, but its ${cursor.file.size} bytes hold at most ${most}`);
  return count;
}

async function readMetadata(cursor: GgufCursor, numPairs: number): Promise<ReadonlyMap<string, GgufValue>> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < numPairs; i++) {
    const key = await cursor.string('a metadata key', MAX_KEY_BYTES);
    const quoted = quote(key);
    if (metadata.has(key)) throw cursor.refuse(`it has the metadata key ${quoted} twice`);
    metadata.set(key, await readValue(cursor, quoted));
  }
  return metadata;
}

/** Of a name from a file that may be hostile: cut short. */
function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, cursor: GgufCursor): number {
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  const isPower = typeof alignment === 'number' && Number.isInteger(Math.log2(alignment));
  if (isPower && alignment >= 1 && alignment <= MAX_ALIGNMENT) return alignment;
  throw cursor.refuse(
    `"general.alignment" is ${String(alignment).slice(0, 80)}, wanted a power of two of at most ${MAX_ALIGNMENT}`,
  );
}

/** A tensor whose offset counts from the data's start. */
interface Placed {
  readonly entry: TensorEntry;
  readonly offset: number;
}

async function readTensorInfo(cursor: GgufCursor): Promise<Placed> {
  const name = await cursor.string('the name of a tensor', MAX_NAME_BYTES);
  const fail = (problem: string) => {
    throw new RangeError(`Cannot read tensor ${quote(name)} of ${cursor.file.location}: ${problem}`);
  };
  const rank = await cursor.uint32();
  if (rank > MAX_RANK) fail(`it has ${rank} dimensions, wanted at most ${MAX_RANK}`);
  const sizes: number[] = [];
  for (let i = 0; i < rank; i++) sizes.push(await cursor.count(`a size of tensor ${quote(name)}`));
  // The file has the size that varies fastest first.
  const shape = sizes.reverse();
  const type = await cursor.uint32();
  const dtype =
    TENSOR_TYPES.get(type) ?? fail(`it is of type ${type}, known: ${[...TENSOR_TYPES.values()].join(', ')}`);
  const offset = await cursor.count(`the offset of tensor ${quote(name)}`);
  const elements = numElements(shape);
  if (!Number.isSafeInteger(elements)) fail(`its shape ${formatShape(shape)} has more elements than any file can hold`);
  const block = blockSize(dtype);
  if ((shape.at(-1) ?? 1) % block.elements !== 0)
    fail(`its rows have ${shape.at(-1)} values, wanted whole blocks of ${block.elements} for ${dtype}`);
  const byteLength = (elements / block.elements) * block.bytes;
  return { entry: { name, dtype, shape, byteLength, location: cursor.file.location }, offset };
}

/** Checks that tensors lie in the file, where they may, and apart. */
function placeTensors(
  cursor: GgufCursor,
  placed: readonly Placed[],
  dataStart: number,
  alignment: number,
): readonly GgufTensor[] {
  const { size, location } = cursor.file;
  const names = new Set<string>();
  for (const { entry, offset } of placed) {
    const action = `Cannot read tensor ${quote(entry.name)} of ${location}`;
    if (names.has(entry.name)) throw new RangeError(`${action}: the name is there twice`);
    names.add(entry.name);
    if (offset % alignment !== 0)
      throw new RangeError(`${action}: its offset is ${offset}, wanted a multiple of ${alignment}`);
    const end = dataStart + offset + entry.byteLength;
    if (end > size) throw new RangeError(`${action}: it ends at byte ${end}, but the file has ${size}`);
  }
  const sorted = [...placed].sort((a, b) => a.offset - b.offset || a.entry.byteLength - b.entry.byteLength);
  for (const [i, { entry, offset }] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next !== undefined && next.offset < offset + entry.byteLength)
      throw cursor.refuse(`tensors ${quote(entry.name)} and ${quote(next.entry.name)} overlap`);
  }
  return placed.map(({ entry, offset }) => ({ ...entry, begin: dataStart + offset }));
}
