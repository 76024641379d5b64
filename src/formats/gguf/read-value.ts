import type { GgufCursor } from './gguf-cursor.ts';
import {
  type GgufValue,
  type NumberArray,
  type NumberType,
  shortestDecimal,
  VALUE_BYTES,
  VALUE_TYPES,
  type ValueType,
} from './gguf-value.ts';

/** Arrays in arrays: the format allows any depth, files have one. */
const MAX_NESTING = 4;

/** Reads a value of the metadata, type first; `key` is what errors call it. */
export async function readValue(cursor: GgufCursor, key: string): Promise<GgufValue> {
  return readTyped(cursor, await readType(cursor, key), key, 0);
}

async function readType(cursor: GgufCursor, key: string): Promise<ValueType> {
  const number = await cursor.uint32();
  const type = VALUE_TYPES[number];
  if (type !== undefined) return type;
  throw cursor.refuse(`${key} is of type ${number}, wanted one below ${VALUE_TYPES.length}`);
}

async function readTyped(cursor: GgufCursor, type: ValueType, key: string, depth: number): Promise<GgufValue> {
  switch (type) {
    case 'string':
      return cursor.string(key);
    case 'array':
      return readArray(cursor, key, depth + 1);
    case 'bool':
      return readBool((await cursor.view(1)).getUint8(0), cursor, key);
    default:
      return readNumber(await cursor.view(VALUE_BYTES[type]), 0, type);
  }
}

function readBool(byte: number, cursor: GgufCursor, key: string): boolean {
  if (byte > 1) throw cursor.refuse(`${key} is a bool of byte ${byte}, wanted 0 or 1`);
  return byte === 1;
}

/** Bytes that an element of an array takes at least: what bounds an array's length before it is allocated. */
function leastBytes(type: ValueType): number {
  if (type === 'string') return 8;
  return type === 'array' ? 12 : VALUE_BYTES[type];
}

async function readArray(cursor: GgufCursor, key: string, depth: number): Promise<GgufValue> {
  if (depth > MAX_NESTING) throw cursor.refuse(`${key} nests arrays deeper than ${MAX_NESTING} levels`);
  const type = await readType(cursor, key);
  const length = await cursor.count(`the length of ${key}`);
  if (length > cursor.remaining / leastBytes(type)) {
    throw cursor.refuse(
      `${key} is an array of ${length} values of type ${type}, but ${cursor.remaining} bytes are left`,
    );
  }
  if (type !== 'string' && type !== 'array' && type !== 'bool') return readNumbers(cursor, type, length);
  const values: GgufValue[] = [];
  for (let i = 0; i < length; i++) values.push(await readTyped(cursor, type, key, depth));
  return values;
}

const ARRAYS: { readonly [Name in NumberType]: new (length: number) => NumberArray } = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  uint64: Float64Array,
  int64: Float64Array,
  float64: Float64Array,
};

async function readNumbers(cursor: GgufCursor, type: NumberType, length: number): Promise<NumberArray> {
  const view = await cursor.view(length * VALUE_BYTES[type]);
  const values = new ARRAYS[type](length);
  for (let i = 0; i < length; i++) values[i] = readNumber(view, i * VALUE_BYTES[type], type);
  return values;
}

function readNumber(view: DataView, at: number, type: NumberType): number {
  switch (type) {
    case 'uint8':
      return view.getUint8(at);
    case 'int8':
      return view.getInt8(at);
    case 'uint16':
      return view.getUint16(at, true);
    case 'int16':
      return view.getInt16(at, true);
    case 'uint32':
      return view.getUint32(at, true);
    case 'int32':
      return view.getInt32(at, true);
    case 'float32':
      return shortestDecimal(view.getFloat32(at, true));
    case 'uint64':
      return Number(view.getBigUint64(at, true));
    case 'int64':
      return Number(view.getBigInt64(at, true));
    case 'float64':
      return view.getFloat64(at, true);
    default:
      return type satisfies never;
  }
}
