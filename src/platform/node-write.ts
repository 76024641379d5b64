import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, isMissing } from './node-errors.ts';
import type { WritableFile } from './platform.ts';

/** See `Platform.writeFileAtomically`. Errors of `write` pass as they are. */
export async function writeFileAtomically(
  location: string,
  write: (file: WritableFile) => Promise<void>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  signal?.throwIfAborted();
  const temporary = `${location}.${randomUUID()}.partial`;
  const handle = await open(temporary, 'wx').catch((cause: unknown) => refuse(location, cause));
  try {
    await fill(new NodeWritableFile(location, handle, signal), write, handle);
    signal?.throwIfAborted();
    await rename(temporary, location).catch((cause: unknown) => refuse(location, cause));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(location));
}

async function fill(
  file: NodeWritableFile,
  write: (file: WritableFile) => Promise<void>,
  handle: FileHandle,
): Promise<void> {
  try {
    await write(file);
  } finally {
    // What is still under way must not meet a closed file, nor be lost.
    await file.end();
    await handle.close();
  }
  file.throwIfFailed();
}

/** The new name survives a power cut only when its folder is on the disk; not every system can see to that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function refuse(location: string, cause: unknown): never {
  const problem = isMissing(cause) ? `there is no folder ${dirname(location)}` : describe(cause);
  throw new Error(`Cannot write ${location}: ${problem}`, { cause });
}

/** A file that is open for writing. */
export class NodeWritableFile implements WritableFile {
  readonly location: string;
  size = 0;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal | undefined;
  /** Resolves when all calls so far are done; one that failed fails those after it. */
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;

  constructor(location: string, handle: FileHandle, signal: AbortSignal | undefined) {
    this.location = location;
    this.#handle = handle;
    this.#signal = signal;
  }

  append(bytes: Uint8Array): Promise<void> {
    const offset = this.size;
    this.size += bytes.length;
    return this.#enqueue(() => this.#write(bytes, offset));
  }

  overwrite(bytes: Uint8Array, offset: number): Promise<void> {
    const end = offset + bytes.length;
    const { size } = this;
    return this.#enqueue(async () => {
      if (offset < 0 || end > size)
        throw new RangeError(
          `Cannot write ${this.location}: bytes ${offset} to ${end} to be replaced, but it has ${size}`,
        );
      await this.#write(bytes, offset);
    });
  }

  /** Waits for all that is under way and brings it to the disk. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#last.catch(() => {});
    if (this.#failure !== undefined) return;
    await this.#handle
      .sync()
      .catch((cause: unknown) => refuse(this.location, cause))
      .catch((error: unknown) => {
        this.#failure = { error };
      });
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    if (this.#isEnded) return Promise.reject(new Error(`Cannot write ${this.location}: it is closed`));
    const done = this.#last.then(work).catch((error: unknown) => {
      this.#failure ??= { error };
      throw error;
    });
    // Told by `throwIfFailed` too, so a caller who does not wait is no unhandled rejection.
    done.catch(() => {});
    this.#last = done;
    return done;
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      this.#signal?.throwIfAborted();
      const length = Math.min(bytes.length - written, MAX_WRITE);
      const { bytesWritten } = await this.#handle
        .write(bytes, written, length, offset + written)
        .catch((cause: unknown) => refuse(this.location, cause));
      written += bytesWritten;
    }
  }
}

/** One write call takes less than 2 GiB; an abort is noticed between two. */
const MAX_WRITE = 2 ** 24;
