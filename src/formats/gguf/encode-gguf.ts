import { formatShape, numElements, type Shape } from '../../base/shape.ts';
import type { StoredDType } from '../stored-dtype.ts';
import type { BlockType } from './block-type.ts';
import { type NumberType, VALUE_BYTES, VALUE_TYPES, type ValueType } from './gguf-value.ts';
import { DEFAULT_ALIGNMENT, GGUF_MAGIC } from './read-header.ts';
import { blockSize, TENSOR_TYPES } from './tensor-type.ts';

/** A value of metadata as it is written: GGUF has a type for each. */
export type TypedValue =
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly of: 'string'; readonly values: readonly string[] }
  | { readonly type: 'array'; readonly of: NumberType; readonly values: ArrayLike<number> };

export type TypedMetadata = Readonly<Record<string, TypedValue>>;

/** A tensor that is going to be written. */
export interface GgufTensorDescription {
  readonly name: string;
  readonly dtype: StoredDType | BlockType;
  readonly shape: Shape;
}

/** Bytes that a tensor takes; throws a `RangeError` where its rows are no whole blocks. */
export function tensorBytes({ name, dtype, shape }: GgufTensorDescription): number {
  const block = blockSize(dtype);
  if ((shape.at(-1) ?? 1) % block.elements === 0) return (numElements(shape) / block.elements) * block.bytes;
  throw new RangeError(
    `Cannot write tensor ${JSON.stringify(name)}: rows of ${formatShape(shape)} are no whole blocks of ${block.elements} for ${dtype}`,
  );
}

/**
 * The start of a GGUF file of version 3, filled up to where the data begins. The tensors' bytes follow it in the order given, each
 * filled up with `paddingAfter`, so a file of any size can be written as a stream.
 */
export function encodeGgufHeader(
  metadata: TypedMetadata,
  tensors: readonly GgufTensorDescription[],
): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.number('uint32', GGUF_MAGIC);
  out.number('uint32', 3);
  out.number('uint64', tensors.length);
  out.number('uint64', Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    out.string(key);
    writeValue(out, value);
  }
  const names = new Set<string>();
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    if (names.has(name)) throw new RangeError(`Cannot write tensor ${JSON.stringify(name)}: the name is taken`);
    names.add(name);
    out.string(name);
    out.number('uint32', shape.length);
    for (const size of [...shape].reverse()) out.number('uint64', size);
    out.number('uint32', TYPE_NUMBERS.get(dtype) ?? unwritable(tensor));
    out.number('uint64', offset);
    const bytes = tensorBytes(tensor);
    offset += bytes + paddingAfter(bytes);
  }
  out.zeros(paddingAfter(out.size));
  return out.finish();
}

const TYPE_NUMBERS = new Map([...TENSOR_TYPES].map(([number, dtype]) => [dtype, number]));

function unwritable({ name, dtype }: GgufTensorDescription): never {
  throw new RangeError(`Cannot write tensor ${JSON.stringify(name)}: GGUF has no type for ${dtype}`);
}

/** Zeros that bring a length to the next multiple of the alignment. */
export function paddingAfter(length: number): number {
  return Math.ceil(length / DEFAULT_ALIGNMENT) * DEFAULT_ALIGNMENT - length;
}

function writeValue(out: ByteWriter, value: TypedValue): void {
  out.type(value.type);
  if (value.type === 'string') out.string(value.value);
  else if (value.type === 'bool') out.number('uint8', Number(value.value));
  else if (value.type === 'array') writeArray(out, value);
  else out.number(value.type, value.value);
}

function writeArray(out: ByteWriter, array: Extract<TypedValue, { readonly type: 'array' }>): void {
  out.type(array.of);
  out.number('uint64', array.values.length);
  if (array.of === 'string') for (const value of array.values) out.string(value);
  else for (let i = 0; i < array.values.length; i++) out.number(array.of, array.values[i]!);
}

/** Bytes that grow as numbers and strings are appended, little-endian. */
class ByteWriter {
  #bytes = new Uint8Array(1 << 12);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  type(type: ValueType): void {
    this.number('uint32', VALUE_TYPES.indexOf(type));
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.number('uint64', bytes.length);
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  zeros(count: number): void {
    this.#grow(count);
  }

  number(type: NumberType, value: number): void {
    const at = this.#grow(VALUE_BYTES[type]);
    const view = this.#view;
    if (type === 'uint8') view.setUint8(at, value);
    else if (type === 'int8') view.setInt8(at, value);
    else if (type === 'uint16') view.setUint16(at, value, true);
    else if (type === 'int16') view.setInt16(at, value, true);
    else if (type === 'uint32') view.setUint32(at, value, true);
    else if (type === 'int32') view.setInt32(at, value, true);
    else if (type === 'float32') view.setFloat32(at, value, true);
    else if (type === 'uint64') view.setBigUint64(at, BigInt(value), true);
    else if (type === 'int64') view.setBigInt64(at, BigInt(value), true);
    else view.setFloat64(at, value, true);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#size);
  }

  /** Makes room for more bytes, which are zero, and gives where they begin. */
  #grow(length: number): number {
    const start = this.#size;
    this.#size += length;
    if (this.#size <= this.#bytes.length) return start;
    const larger = new Uint8Array(2 * this.#size);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
    return start;
  }
}
