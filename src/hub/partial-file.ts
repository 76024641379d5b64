import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** What a finished file must be. */
export interface ExpectedContent {
  readonly size: number;
  readonly hash: string;
  /** `git`: SHA-1 of the object, that is of `blob <size>\0` and the content. */
  readonly algorithm: 'sha256' | 'git';
}

let numClaimed = 0;

/**
 * A file on its way to `path`. While a process writes it, it carries the process's name, so no two write the same one;
 * given up, it becomes `<path>.incomplete`, where the next attempt finds it. Only a finished and verified file gets `path`.
 */
export class PartialFile {
  readonly #path: string;
  readonly #ownPath: string;
  readonly #handle: FileHandle;
  readonly #expected: ExpectedContent;
  #hash: Hash;
  #size = 0;

  private constructor(path: string, ownPath: string, handle: FileHandle, expected: ExpectedContent) {
    this.#path = path;
    this.#ownPath = ownPath;
    this.#handle = handle;
    this.#expected = expected;
    this.#hash = startHash(expected);
  }

  /** Takes over the largest unfinished file that nobody writes any more, or begins a new one. */
  static async claim(path: string, expected: ExpectedContent): Promise<PartialFile> {
    await mkdir(dirname(path), { recursive: true });
    const ownPath = `${path}.${ownerName()}.${numClaimed++}.incomplete`;
    await takeAbandoned(path, ownPath, expected.size);
    const partial = new PartialFile(path, ownPath, await open(ownPath, 'a+'), expected);
    await partial.#hashExisting();
    return partial;
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.#size + bytes.length > this.#expected.size) {
      throw new RangeError(`the server sent more than the ${this.#expected.size} bytes it listed`);
    }
    await this.#handle.writeFile(bytes);
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** Begins anew, for a server that cannot continue. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = startHash(this.#expected);
    this.#size = 0;
  }

  /** Verifies the content and moves it to its place. Content that is not what it should be is deleted. */
  async finish(): Promise<void> {
    const got = this.#hash.digest('hex');
    if (got !== this.#expected.hash) {
      await this.#handle.close();
      await rm(this.#ownPath, { force: true });
      throw new Error(`its ${this.#expected.algorithm} hash is ${got}, wanted ${this.#expected.hash}`);
    }
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#ownPath, this.#path);
  }

  /** Leaves what is here to a later attempt. */
  async giveUp(): Promise<void> {
    await this.#handle.close();
    if (this.#size === 0) await rm(this.#ownPath, { force: true });
    else await rename(this.#ownPath, `${this.#path}.incomplete`).catch(ignoreMissing);
  }

  async #hashExisting(): Promise<void> {
    const buffer = new Uint8Array(2 ** 20);
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#size);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#size += bytesRead;
    }
  }
}

function startHash({ size, algorithm }: ExpectedContent): Hash {
  return algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** This machine and process, as part of a file name. */
function ownerName(): string {
  return `${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}.${process.pid}`;
}

async function takeAbandoned(path: string, ownPath: string, maxSize: number): Promise<void> {
  for (const candidate of await abandonedFiles(path)) {
    if (candidate.size > maxSize) {
      await rm(candidate.path, { force: true });
      continue;
    }
    // Renaming is atomic: of several processes that want the file, one gets it.
    const isTaken = await rename(candidate.path, ownPath).then(
      () => true,
      (error) => ignoreMissing(error),
    );
    if (isTaken === true) return;
  }
}

/** Largest first. */
async function abandonedFiles(path: string): Promise<readonly { readonly path: string; readonly size: number }[]> {
  const folder = dirname(path);
  const names = (await readdir(folder)).filter((name) => isAbandoned(name, basename(path)));
  const files = names.map(async (name) => {
    const file = join(folder, name);
    const stats = await stat(file).catch(ignoreMissing);
    return { path: file, size: stats?.size ?? 0 };
  });
  return (await Promise.all(files)).sort((a, b) => b.size - a.size);
}

/** `<base>.incomplete` belongs to nobody; `<base>.<host>.<process>.<number>.incomplete` to a process that may be dead. */
function isAbandoned(name: string, base: string): boolean {
  if (name === `${base}.incomplete`) return true;
  const [host, processId] = (name.startsWith(`${base}.`) ? name.slice(base.length + 1) : '').split('.');
  const isOfThisHost = name.endsWith('.incomplete') && ownerName().startsWith(`${host}.`);
  return isOfThisHost && processId !== undefined && !isRunning(Number(processId));
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
