import { numElements, type Shape } from '../base/shape.ts';
import { SAFETENSORS_DTYPES } from './safetensors-header.ts';
import { STORED_BYTES, type StoredDType } from './stored-dtype.ts';

/** A tensor that is going to be written. */
export interface TensorDescription {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: Shape;
}

const FORMAT_NAMES = new Map([...SAFETENSORS_DTYPES].map(([name, dtype]) => [dtype, name]));

/**
 * The start of a safetensors file: length and header, a multiple of 8 bytes. The tensors' bytes follow it in the order
 * given, without gaps, so a file of any size can be written as a stream.
 */
export function encodeSafetensorsHeader(
  tensors: readonly TensorDescription[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array<ArrayBuffer> {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  const names = new Set(['__metadata__']);
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name)) throw new RangeError(`Cannot write tensor ${JSON.stringify(name)}: the name is taken`);
    names.add(name);
    const end = offset + numElements(shape) * STORED_BYTES[dtype];
    entries.push([name, { dtype: FORMAT_NAMES.get(dtype), shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const bytes = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

/** A whole safetensors file in memory: for small ones. */
export function encodeSafetensors(
  tensors: readonly (TensorDescription & { readonly data: ArrayBufferView })[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header = encodeSafetensorsHeader(tensors, metadata);
  const size = tensors.reduce((sum, { data }) => sum + data.byteLength, header.length);
  const file = new Uint8Array(size);
  file.set(header);
  let offset = header.length;
  for (const { name, dtype, shape, data } of tensors) {
    const wanted = numElements(shape) * STORED_BYTES[dtype];
    if (data.byteLength !== wanted) {
      throw new RangeError(`Cannot write tensor ${JSON.stringify(name)}: ${data.byteLength} bytes, wanted ${wanted}`);
    }
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}
