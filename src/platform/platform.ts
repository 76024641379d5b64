/**
 * What Kvasir needs from the place it runs in. `#platform` resolves to `node.ts` under Node and to `browser.ts` elsewhere,
 * so that of the library only `hub/node.ts`, chosen the same way, imports `node:` modules beside it.
 */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** Processors that may compute at once. */
  readonly availableParallelism: number;
  /** Opens a file by path (Node) or URL (browser) for reading by range. */
  openFile(location: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<ReadableFile>;
  /** The whole file as UTF-8 text, or undefined if there is none. */
  readText(location: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<string | undefined>;
  /** Whether there is a file at a path or URL. */
  isFile(location: string): Promise<boolean>;
  /** Whether a path names a directory (always false in a browser). */
  isDirectory(location: string): Promise<boolean>;
  /** What is known of a file without reading it, or undefined if there is none. A browser throws. */
  fileStatus(location: string): Promise<FileStatus | undefined>;
  /**
   * Writes a file whole or not at all: what `write` gives goes to a temporary file in the same folder, which takes the
   * place of `location` when it is safely on the disk. If `write` throws, the disk is full or the signal aborts, the
   * temporary file is removed and `location` is as it was. A browser throws.
   */
  writeFileAtomically(
    location: string,
    write: (file: WritableFile) => Promise<void>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Makes a directory, and those above it, unless it is there. A browser throws. */
  makeDirectory(location: string): Promise<void>;
  /** The names in a directory, sorted; none if there is no such directory. A browser throws. */
  listDirectory(location: string): Promise<readonly string[]>;
  /** Gives a file or directory another name; a file of that name is replaced. A browser throws. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a directory with all that is in it, if there is one. A browser throws. */
  remove(location: string): Promise<void>;
  /** Joins a folder and a name in it. */
  join(folder: string, name: string): string;
  /** Starts a worker that runs `source`, a script without imports. */
  startWorker(source: string): PlatformWorker;
  /** Whether the WebAssembly engine takes relaxed SIMD, switching it on where that needs a flag (Node 20 and 22). */
  enableRelaxedSimd(probe: Uint8Array): boolean;
}

export interface ReadableFile {
  /** What error messages call it. */
  readonly location: string;
  readonly size: number;
  /** Fills `target` from byte `offset` on; throws a `RangeError` if the file ends before. */
  read(target: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

export interface FileStatus {
  /** In bytes. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number;
}

/** A file that is being written. Calls take effect in their order; an array is the caller's again when they resolve. */
export interface WritableFile {
  /** What error messages call it. */
  readonly location: string;
  /** Bytes appended so far. */
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were appended before, from byte `offset` on; throws a `RangeError` beyond them. */
  overwrite(bytes: Uint8Array, offset: number): Promise<void>;
}

export interface PlatformWorker {
  postMessage(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onError(listener: (error: Error) => void): void;
  /** While held, the worker keeps the process alive; otherwise it does not. */
  hold(isHeld: boolean): void;
  terminate(): Promise<void>;
}
