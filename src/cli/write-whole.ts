import { platform } from '#platform';

/** Throws an `Error` if something is at the path already; `wanted` is what it says to name instead. */
export async function expectNothingAt(path: string, wanted: 'folder' | 'folder or file' = 'folder'): Promise<void> {
  if ((await platform.isDirectory(path)) || (await platform.isFile(path)))
    throw new Error(`Cannot write to ${path}: it is there already; name a new ${wanted}`);
}

/** Has `write` make a folder or file beside `output`, which it becomes once it is whole; a failure leaves nothing behind. */
export async function writeWhole<Result>(
  output: string,
  signal: AbortSignal,
  write: (partial: string) => Promise<Result>,
): Promise<Result> {
  const partial = `${output}.partial`;
  try {
    const result = await write(partial);
    signal.throwIfAborted();
    await platform.rename(partial, output);
    return result;
  } catch (error) {
    await platform.remove(partial);
    throw error;
  }
}
