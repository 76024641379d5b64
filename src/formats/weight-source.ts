import { bfloat16ToNumber, float16ToNumber } from '../base/float16.ts';
import type { Shape } from '../base/shape.ts';
import { didYouMean } from '../base/suggest.ts';
import type { QuantizationScheme } from '../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import type { BlockType } from './gguf/block-type.ts';
import type { StoredDType } from './stored-dtype.ts';

/** Named tensors in one or several files, whose bytes are read only when asked for. */
export interface WeightSource {
  /** What error messages call it: a file or a folder. */
  readonly location: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** What the file says about itself (`{ format: 'pt' }`); of shards, the first one's. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Fills `target` with the tensor's bytes (little-endian, row-major) from `byteOffset` on. Throws a `RangeError` past
   * its end.
   */
  read(name: string, target: Uint8Array, byteOffset: number): Promise<void>;
  /** Tensors that are codes in the file, by their names; `read` gives them as floats. */
  readonly quantized?: ReadonlyMap<string, QuantizedEntry> | undefined;
  close(): Promise<void>;
}

/** A matrix of codes in a file. */
export interface QuantizedEntry {
  readonly scheme: QuantizationScheme;
  /** (outputs, inputs), whichever way the tensor lies. */
  read(): Promise<QuantizedMatrix>;
}

/** Where a tensor is and what it holds. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: StoredDType | BlockType;
  readonly shape: Shape;
  readonly byteLength: number;
  /** The file that holds it. */
  readonly location: string;
}

/** The tensor called `name`. Throws a `RangeError` that suggests a near name. */
export function tensorEntry(source: WeightSource, name: string): TensorEntry {
  const entry = source.tensors.get(name);
  if (entry !== undefined) return entry;
  const hint = didYouMean(name, [...source.tensors.keys()]);
  throw new RangeError(`Cannot find tensor ${JSON.stringify(name)} in ${source.location}${hint}`);
}

/** The bytes of a whole tensor, as stored: little-endian, row-major. Throws a `RangeError` for an unknown name. */
export async function readTensor(source: WeightSource, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(tensorEntry(source, name).byteLength);
  await source.read(name, bytes, 0);
  return bytes;
}

/**
 * A whole tensor of any 16-, 32- or 64-bit float dtype, row-major, as float32: for what is small, biases and norms.
 * Throws a `RangeError` for an unknown name and a `TypeError` for another dtype.
 */
export async function readFloat32(source: WeightSource, name: string): Promise<Float32Array<ArrayBuffer>> {
  const { dtype, location } = tensorEntry(source, name);
  const values = toFloat32(await readTensor(source, name), dtype);
  if (values !== undefined) return values;
  throw new TypeError(
    `Cannot read tensor ${JSON.stringify(name)} of ${location} as float32: it is ${dtype}, wanted a float of 16, 32 or 64 bits`,
  );
}

/** Stored elements as float32; undefined for a dtype that is no float of 16 to 64 bits. */
export function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: StoredDType | BlockType,
): Float32Array<ArrayBuffer> | undefined {
  switch (dtype) {
    case 'float32':
      return new Float32Array(bytes.buffer);
    case 'float64':
      return Float32Array.from(new Float64Array(bytes.buffer));
    case 'float16':
      return widen(new Uint16Array(bytes.buffer), float16ToNumber);
    case 'bfloat16':
      return widen(new Uint16Array(bytes.buffer), bfloat16ToNumber);
    default:
      return undefined;
  }
}

/** `Float32Array.from` with a function goes through an iterator, ten times as slow. */
function widen(bits: Uint16Array, toNumber: (bits: number) => number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = toNumber(bits[i]!);
  return values;
}

/** Throws a `RangeError` unless `length` bytes from `byteOffset` on lie inside the tensor. */
export function requireInside(entry: TensorEntry, byteOffset: number, length: number): void {
  if (Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset + length <= entry.byteLength) return;
  throw new RangeError(
    `Cannot read tensor ${JSON.stringify(entry.name)} of ${entry.location}: ` +
      `bytes ${byteOffset} to ${byteOffset + length} wanted, but it has ${entry.byteLength}`,
  );
}
