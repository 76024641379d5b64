import type { Platform, PlatformWorker, ReadableFile } from './platform.ts';

/** Browsers: files by URL, the large ones read with Range requests; web workers. */
export const platform: Platform = {
  name: 'browser',
  get availableParallelism() {
    return globalThis.navigator?.hardwareConcurrency ?? 1;
  },
  openFile,
  readText,
  isFile,
  isDirectory: async () => false,
  fileStatus: (location) => refuse('look at', location),
  writeFileAtomically: (location) => refuse('write', location),
  makeDirectory: (location) => refuse('make', location),
  listDirectory: (location) => refuse('list', location),
  rename: (from) => refuse('rename', from),
  remove: (location) => refuse('remove', location),
  join: (folder, name) => `${folder.replace(/\/+$/, '')}/${name.split('/').map(encodeURIComponent).join('/')}`,
  startWorker: (source) => new BrowserWorker(source),
  enableRelaxedSimd: (probe) => WebAssembly.validate(new Uint8Array(probe)),
};

type Options = { readonly signal?: AbortSignal | undefined };

/** Up to here a file is one request: those for its parts, one after the other, would take longer than all of its bytes. */
const LARGEST_WHOLE_BYTES = 4 * 2 ** 20;

async function openFile(location: string, { signal }: Options = {}): Promise<ReadableFile> {
  const response = await request(location, signal, { Range: 'bytes=0-0' });
  const range = response.headers.get('Content-Range');
  if (response.status === 416 && range === 'bytes */0') {
    return new MemoryFile(location, new Uint8Array());
  }
  if (response.status === 206) {
    await response.body?.cancel();
    const size = totalSize(range) ?? (await sizeByHead(location, signal));
    if (size > LARGEST_WHOLE_BYTES) return new RangeFile(location, size, signal);
    return wholeFile(location, await request(location, signal));
  }
  return wholeFile(location, response);
}

async function wholeFile(location: string, response: Response): Promise<MemoryFile> {
  requireStatus(response, location, 200);
  return new MemoryFile(location, new Uint8Array(await response.arrayBuffer()));
}

async function readText(location: string, { signal }: Options = {}): Promise<string | undefined> {
  const response = await request(location, signal);
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  requireStatus(response, location, 200);
  return response.text();
}

async function isFile(location: string): Promise<boolean> {
  const response = await request(location, undefined, {}, 'HEAD');
  if (response.status === 404) return false;
  requireStatus(response, location, 200);
  return true;
}

async function refuse(action: string, location: string): Promise<never> {
  throw new Error(`Cannot ${action} ${location}: a page in a browser has no files of its own`);
}

/** The size in `bytes 0-0/1234`. */
function totalSize(contentRange: string | null): number | undefined {
  const digits = contentRange?.match(/\/(\d+)$/)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A server of another origin may hide Content-Range; Content-Length is always shown. */
async function sizeByHead(location: string, signal: AbortSignal | undefined): Promise<number> {
  const response = await request(location, signal, {}, 'HEAD');
  requireStatus(response, location, 200);
  const length = response.headers.get('Content-Length');
  if (length === null) throw new Error(`Cannot open ${location}: the server does not tell its size`);
  return Number(length);
}

async function request(
  location: string,
  signal: AbortSignal | undefined,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  try {
    return await fetch(location, { method, headers, signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Error(`Cannot fetch ${location}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function requireStatus(response: Response, location: string, wanted: number): void {
  if (response.status === wanted) return;
  const got = `${response.status} ${response.statusText}`.trim();
  throw new Error(`Cannot fetch ${location}: the server answered ${got}, wanted ${wanted}`);
}

function endsBefore(location: string, offset: number, length: number, size: number): RangeError {
  return new RangeError(
    `Cannot read ${location}: bytes ${offset} to ${offset + length} wanted, but it ends after ${size}`,
  );
}

/** A large file whose server understands Range. */
class RangeFile implements ReadableFile {
  readonly location: string;
  readonly size: number;
  readonly #signal: AbortSignal | undefined;

  constructor(location: string, size: number, signal: AbortSignal | undefined) {
    this.location = location;
    this.size = size;
    this.#signal = signal;
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    if (offset + target.length > this.size) throw endsBefore(this.location, offset, target.length, this.size);
    if (target.length === 0) return;
    const range = `bytes=${offset}-${offset + target.length - 1}`;
    const response = await request(this.location, this.#signal, { Range: range });
    requireStatus(response, this.location, 206);
    const filled = await fill(target, response);
    if (filled < target.length) throw endsBefore(this.location, offset, target.length, offset + filled);
  }

  async close(): Promise<void> {}
}

async function fill(target: Uint8Array, response: Response): Promise<number> {
  let filled = 0;
  const reader = response.body!.getReader();
  while (filled < target.length) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, target.length - filled);
    target.set(part, filled);
    filled += part.length;
  }
  await reader.cancel();
  return filled;
}

/** A file that is small, or whose server ignores Range, held whole. */
class MemoryFile implements ReadableFile {
  readonly location: string;
  readonly size: number;
  #bytes: Uint8Array;

  constructor(location: string, bytes: Uint8Array) {
    this.location = location;
    this.size = bytes.length;
    this.#bytes = bytes;
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    const source = this.#bytes.subarray(offset, offset + target.length);
    if (source.length < target.length) throw endsBefore(this.location, offset, target.length, this.size);
    target.set(source);
  }

  async close(): Promise<void> {
    this.#bytes = new Uint8Array();
  }
}

class BrowserWorker implements PlatformWorker {
  readonly #worker: Worker;

  constructor(source: string) {
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    this.#worker = new Worker(url);
    for (const event of ['message', 'error'])
      this.#worker.addEventListener(event, () => URL.revokeObjectURL(url), { once: true });
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#worker.addEventListener('message', (event) => listener(event.data));
  }

  onError(listener: (error: Error) => void): void {
    this.#worker.addEventListener('error', (event) => {
      listener(new Error(`A worker failed: ${event.message || 'its script did not load'}`, { cause: event.error }));
    });
    this.#worker.addEventListener('messageerror', () => listener(new Error('A worker sent what cannot be read')));
  }

  /** A page lives as long as its tab: there is nothing to hold. */
  hold(): void {}

  async terminate(): Promise<void> {
    this.#worker.terminate();
  }
}
