import { platform } from '#platform';
import {
  encodeGgufHeader,
  type GgufTensorDescription,
  paddingAfter,
  type TypedMetadata,
  tensorBytes,
} from './encode-gguf.ts';

/** A tensor whose bytes are made when the file comes to it. */
export interface GgufTensorToWrite extends GgufTensorDescription {
  /** Little-endian, row-major; blocks as their type has them. */
  data(): Promise<ArrayBufferView>;
}

/**
 * Writes a GGUF file whole or not at all, with one tensor in memory at a time. Throws what `data` throws, an `Error` that names the
 * file where it cannot be written, and a `RangeError` for data of another length.
 */
export function writeGgufFile(
  location: string,
  metadata: TypedMetadata,
  tensors: readonly GgufTensorToWrite[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const header = encodeGgufHeader(metadata, tensors);
  const write = async (file: { append(bytes: Uint8Array): Promise<void> }) => {
    await file.append(header);
    for (const tensor of tensors) {
      options.signal?.throwIfAborted();
      const { buffer, byteOffset, byteLength } = await tensor.data();
      const wanted = tensorBytes(tensor);
      if (byteLength !== wanted)
        throw new RangeError(
          `Cannot write tensor ${JSON.stringify(tensor.name)}: ${byteLength} bytes, wanted ${wanted}`,
        );
      await file.append(new Uint8Array(buffer, byteOffset, byteLength));
      await file.append(new Uint8Array(paddingAfter(byteLength)));
    }
  };
  return platform.writeFileAtomically(location, write, options);
}
