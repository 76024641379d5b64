import { platform } from '#platform';
import { numElements } from '../base/shape.ts';
import { encodeSafetensorsHeader, type TensorDescription } from './encode-safetensors.ts';
import { STORED_BYTES } from './stored-dtype.ts';

/** A tensor whose bytes are made when the file comes to it. */
export interface TensorToWrite extends TensorDescription {
  /** Little-endian, row-major. */
  data(): Promise<ArrayBufferView>;
}

/**
 * Writes a safetensors file whole or not at all, with one tensor in memory at a time. Throws what `data` throws, an `Error` that
 * names the file where it cannot be written, and a `RangeError` for data of another length.
 */
export function writeSafetensors(location: string, tensors: readonly TensorToWrite[]): Promise<void> {
  return platform.writeFileAtomically(location, async (file) => {
    await file.append(encodeSafetensorsHeader(tensors));
    for (const { name, dtype, shape, data } of tensors) {
      const { buffer, byteOffset, byteLength } = await data();
      const wanted = numElements(shape) * STORED_BYTES[dtype];
      if (byteLength !== wanted)
        throw new RangeError(`Cannot write tensor ${JSON.stringify(name)}: ${byteLength} bytes, wanted ${wanted}`);
      await file.append(new Uint8Array(buffer, byteOffset, byteLength));
    }
  });
}
