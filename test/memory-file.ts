import type { ReadableFile } from '../src/platform/platform.ts';

/** A file in memory, that also refuses a reader which asks for more than it has. */
export function memoryFile(bytes: Uint8Array, location = 'memory'): ReadableFile {
  return {
    location,
    size: bytes.length,
    async read(target, offset) {
      if (offset + target.length > bytes.length)
        throw new Error(`A reader allocated ${target.length} bytes at ${offset} of a file of ${bytes.length}`);
      target.set(bytes.subarray(offset, offset + target.length));
    },
    close: async () => {},
  };
}
