import type { Stats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { describe, isMissing } from './node-errors.ts';
import { writeFileAtomically } from './node-write.ts';
import type { FileStatus, Platform, PlatformWorker, ReadableFile } from './platform.ts';

/** Node: files by path, worker threads. */
export const platform: Platform = {
  name: 'node',
  availableParallelism: availableParallelism(),
  openFile,
  readText,
  isFile: async (location) => (await look(location))?.isFile() ?? false,
  isDirectory: async (location) => (await look(location))?.isDirectory() ?? false,
  fileStatus,
  writeFileAtomically,
  makeDirectory: (location) => attempt(`make ${location}`, mkdir(location, { recursive: true })),
  listDirectory,
  rename: (from, to) => attempt(`rename ${from} to ${to}`, rename(from, to)),
  remove: (location) => attempt(`remove ${location}`, rm(location, { recursive: true, force: true })),
  join,
  startWorker: (source) => new NodeWorker(source),
  enableRelaxedSimd,
};

type Options = { readonly signal?: AbortSignal | undefined };

async function openFile(location: string, { signal }: Options = {}): Promise<ReadableFile> {
  signal?.throwIfAborted();
  const handle = await open(location, 'r').catch((cause: unknown) => {
    throw new Error(`Cannot open ${location}: ${describe(cause)}`, { cause });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new TypeError(`Cannot open ${location}: it is not a file`);
    return new NodeFile(location, stats.size, handle, signal);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readText(location: string, { signal }: Options = {}): Promise<string | undefined> {
  try {
    return await readFile(location, { encoding: 'utf8', signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (isMissing(cause)) return undefined;
    throw new Error(`Cannot read ${location}: ${describe(cause)}`, { cause });
  }
}

async function look(location: string): Promise<Stats | undefined> {
  try {
    return await stat(location);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new Error(`Cannot look at ${location}: ${describe(cause)}`, { cause });
  }
}

async function fileStatus(location: string): Promise<FileStatus | undefined> {
  const stats = await look(location);
  return stats?.isFile() ? { size: stats.size, modified: stats.mtimeMs } : undefined;
}

async function listDirectory(location: string): Promise<readonly string[]> {
  try {
    return (await readdir(location)).sort();
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new Error(`Cannot list ${location}: ${describe(cause)}`, { cause });
  }
}

async function attempt(action: string, result: Promise<unknown>): Promise<void> {
  await result.catch((cause: unknown) => {
    throw new Error(`Cannot ${action}: ${describe(cause)}`, { cause });
  });
}

/** V8 of Node 20 and 22 has relaxed SIMD behind a flag that may be set at any time before the first compilation. */
function enableRelaxedSimd(probe: Uint8Array): boolean {
  const bytes = new Uint8Array(probe);
  if (WebAssembly.validate(bytes)) return true;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(bytes);
}

/** One read call takes less than 2 GiB. */
const MAX_READ = 2 ** 30;

class NodeFile implements ReadableFile {
  readonly location: string;
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal | undefined;
  #closed: Promise<void> | undefined;

  constructor(location: string, size: number, handle: FileHandle, signal: AbortSignal | undefined) {
    this.location = location;
    this.size = size;
    this.#handle = handle;
    this.#signal = signal;
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    if (this.#closed !== undefined) throw new Error(`Cannot read ${this.location}: it is closed`);
    let filled = 0;
    while (filled < target.length) {
      this.#signal?.throwIfAborted();
      const length = Math.min(target.length - filled, MAX_READ);
      const { bytesRead } = await this.#handle.read(target, filled, length, offset + filled);
      if (bytesRead === 0) {
        const end = offset + target.length;
        throw new RangeError(
          `Cannot read ${this.location}: bytes ${offset} to ${end} wanted, but it ends after ${offset + filled}`,
        );
      }
      filled += bytesRead;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#handle.close();
    return this.#closed;
  }
}

class NodeWorker implements PlatformWorker {
  readonly #worker: Worker;

  /** A module would take twice as long to start, because Node would first have to start its module loader. */
  constructor(source: string) {
    this.#worker = new Worker(source, { eval: true });
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#worker.on('message', listener);
  }

  onError(listener: (error: Error) => void): void {
    this.#worker.on('error', listener);
    this.#worker.on('messageerror', listener);
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref();
    else this.#worker.unref();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
