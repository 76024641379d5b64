import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ModelId } from './model-id.ts';

/**
 * One model in a cache that Python's `huggingface_hub` shares: `blobs/<hash>` hold the bytes,
 * `snapshots/<commit>/<file>` link to them, `refs/<revision>` hold commits.
 */
export class HubCache {
  readonly #folder: string;
  readonly #revision: string;

  constructor(cacheDirectory: string, id: ModelId) {
    this.#folder = join(cacheDirectory, `models--${id.name.replaceAll('/', '--')}`);
    this.#revision = id.revision;
  }

  blobPath(hash: string): string {
    return join(this.#folder, 'blobs', hash);
  }

  snapshotFolder(commit: string): string {
    return join(this.#folder, 'snapshots', commit);
  }

  /** The folder of the revision as it was last resolved, if it is here. */
  async findSnapshot(): Promise<string | undefined> {
    const written = await readFile(join(this.#folder, 'refs', this.#revision), 'utf8').catch(() => this.#revision);
    const commit = written.trim();
    if (!/^[0-9a-f]{40}$/.test(commit)) return undefined;
    const folder = this.snapshotFolder(commit);
    return (await exists(folder)) ? folder : undefined;
  }

  hasFile(commit: string, file: string): Promise<boolean> {
    return exists(join(this.snapshotFolder(commit), file));
  }

  hasBlob(hash: string): Promise<boolean> {
    return exists(this.blobPath(hash));
  }

  /** Remembers what commit the revision is. */
  async writeRef(commit: string): Promise<void> {
    if (this.#revision === commit) return;
    const path = join(this.#folder, 'refs', this.#revision);
    await mkdir(dirname(path), { recursive: true });
    await replace(path, (temporary) => writeFile(temporary, commit));
  }

  /** Makes a blob appear in the snapshot: as a relative link, so that the cache can be moved, or a copy where links are not allowed. */
  async link(commit: string, file: string, hash: string): Promise<void> {
    const path = join(this.snapshotFolder(commit), file);
    await mkdir(dirname(path), { recursive: true });
    await replace(path, async (temporary) => {
      try {
        await symlink(relative(dirname(path), this.blobPath(hash)), temporary);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
        await copyFile(this.blobPath(hash), temporary);
      }
    });
  }
}

let numTemporary = 0;

/** Makes a file or link under another name and moves it to its place at once: another process sees the old one or the new. */
async function replace(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.${numTemporary++}.tmp`;
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether there is something at the path, and at the end of the links it may be. */
function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
