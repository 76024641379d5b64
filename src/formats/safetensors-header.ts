import { formatShape, numElements, type Shape } from '../base/shape.ts';
import { jsonStructure } from './json-structure.ts';
import { STORED_BYTES, type StoredDType } from './stored-dtype.ts';
import type { TensorEntry } from './weight-source.ts';

/** Longer headers are refused, as the format's own library does. */
export const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 8;
/** `{ name: { data_offsets: [ … ] } }` */
const MAX_DEPTH = 3;

/** A tensor and the bytes that hold it, counted from the end of the header. */
export interface SafetensorsEntry extends TensorEntry {
  readonly dtype: StoredDType;
  readonly begin: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the JSON header of a safetensors file. The tensors' bytes must fill the `dataLength` bytes after the header
 * exactly, in any order, without holes and without overlap, which is what the format asks for.
 * Throws a `SyntaxError` for a header that is not well formed and a `RangeError` for sizes and offsets that do not fit.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, dataLength: number, location: string): SafetensorsHeader {
  const refuse = (problem: string) => new SyntaxError(`Cannot read ${location}: ${problem}`);
  const header = parseObject(decode(bytes, refuse), refuse);
  const entries: SafetensorsEntry[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, refuse);
    else entries.push(parseEntry(name, value, dataLength, location));
  }
  entries.sort((a, b) => a.begin - b.begin || a.byteLength - b.byteLength);
  requireNoGaps(entries, dataLength, location);
  return { entries, metadata };
}

type Refuse = (problem: string) => SyntaxError;

function decode(bytes: Uint8Array, refuse: Refuse): string {
  if (bytes[0] !== 0x7b) throw refuse(`the header starts with ${describeByte(bytes[0])}, wanted "{"`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('the header is not valid UTF-8');
  }
}

function describeByte(byte: number | undefined): string {
  return byte === undefined ? 'nothing' : `byte 0x${byte.toString(16).padStart(2, '0')}`;
}

function parseObject(text: string, refuse: Refuse): Record<string, unknown> {
  const { depth, duplicateKey } = jsonStructure(text, MAX_DEPTH);
  if (depth > MAX_DEPTH) throw refuse(`the header nests deeper than ${MAX_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`the header is not JSON: ${(cause as Error).message}`);
  }
  if (duplicateKey !== undefined) throw refuse(`the header has the name ${JSON.stringify(duplicateKey)} twice`);
  return value as Record<string, unknown>;
}

function parseMetadata(value: unknown, refuse: Refuse): ReadonlyMap<string, string> {
  if (!isObject(value)) throw refuse(`"__metadata__" is ${describe(value)}, wanted an object of strings`);
  const entries = Object.entries(value);
  for (const [key, text] of entries) {
    if (typeof text !== 'string') {
      throw refuse(`"__metadata__" has ${describe(text)} for ${JSON.stringify(key)}, wanted a string`);
    }
  }
  return new Map(entries as [string, string][]);
}

function parseEntry(name: string, value: unknown, dataLength: number, location: string): SafetensorsEntry {
  const action = `Cannot read tensor ${JSON.stringify(name)} of ${location}`;
  if (!isObject(value)) throw new SyntaxError(`${action}: its entry is ${describe(value)}, wanted an object`);
  const dtype = parseDType(value.dtype, action);
  const shape = parseShape(value.shape, action);
  const [begin, end] = parseOffsets(value.data_offsets, action);
  if (end > dataLength) {
    throw new RangeError(`${action}: it ends at byte ${end} of the data, but the file has ${dataLength}`);
  }
  const byteLength = numElements(shape) * STORED_BYTES[dtype];
  if (byteLength !== end - begin) {
    const wanted = `${formatShape(shape)} of ${dtype} takes ${byteLength} bytes`;
    throw new RangeError(`${action}: its offsets span ${end - begin} bytes, but ${wanted}`);
  }
  return { name, dtype, shape, byteLength, location, begin };
}

/** The names of the format, and ours. */
export const SAFETENSORS_DTYPES: ReadonlyMap<string, StoredDType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F8_E4M3', 'float8_e4m3'],
  ['F8_E5M2', 'float8_e5m2'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

function parseDType(value: unknown, action: string): StoredDType {
  const dtype = typeof value === 'string' ? SAFETENSORS_DTYPES.get(value) : undefined;
  if (dtype !== undefined) return dtype;
  const known = [...SAFETENSORS_DTYPES.keys()].join(', ');
  throw new TypeError(`${action}: its dtype is ${describe(value)}, wanted one of ${known}`);
}

function parseShape(value: unknown, action: string): Shape {
  if (!Array.isArray(value)) throw new SyntaxError(`${action}: its shape is ${describe(value)}, wanted an array`);
  if (value.length > MAX_RANK) {
    throw new RangeError(`${action}: its shape has ${value.length} dimensions, wanted at most ${MAX_RANK}`);
  }
  for (const size of value) {
    if (!isCount(size))
      throw new RangeError(`${action}: its shape has the size ${describe(size)}, wanted a whole number`);
  }
  // Eight sizes below 2^53 cannot overflow a double to infinity, and a rounded product is too large for any file.
  if (!Number.isSafeInteger(numElements(value))) {
    throw new RangeError(`${action}: its shape ${formatShape(value)} has more elements than any file can hold`);
  }
  return value;
}

function parseOffsets(value: unknown, action: string): [begin: number, end: number] {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(isCount)) {
    throw new SyntaxError(`${action}: its data_offsets are ${describe(value)}, wanted two whole numbers`);
  }
  const [begin, end] = value as [number, number];
  if (begin > end) throw new RangeError(`${action}: its data_offsets run backwards, from ${begin} to ${end}`);
  return [begin, end];
}

function requireNoGaps(entries: readonly SafetensorsEntry[], dataLength: number, location: string): void {
  let end = 0;
  let previous = 'the header';
  for (const { name, begin, byteLength } of entries) {
    const quoted = JSON.stringify(name);
    if (begin < end) throw new RangeError(`Cannot read ${location}: tensors ${previous} and ${quoted} overlap`);
    if (begin > end) {
      throw new RangeError(
        `Cannot read ${location}: ${begin - end} bytes between ${previous} and ${quoted} are unused`,
      );
    }
    end = begin + byteLength;
    previous = quoted;
  }
  if (end !== dataLength) {
    throw new RangeError(
      `Cannot read ${location}: its tensors end at byte ${end} of the data, but the file has ${dataLength}`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The value as JSON, cut short: it comes from a file that may be hostile. */
function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
