import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledModelUrl, isBundledModel } from './bundled-models.ts';
import { downloadBlob } from './download-blob.ts';
import { ggufFiles, isMeantAsGguf } from './gguf-files.ts';
import { HubCache } from './hub-cache.ts';
import { HubClient, HubError, type HubFile, refusal } from './hub-client.ts';
import { type HubSettings, hubSettings } from './hub-settings.ts';
import { type ModelId, parseModelId } from './model-id.ts';
import { SHARD_INDEX, smallFiles, weightFiles } from './needed-files.ts';
import type { ResolveOptions } from './resolve-options.ts';

/**
 * Where a model is on this machine. A folder, and a GGUF file, is returned as it is; the name of a bundled model is its folder; a hub
 * id (`org/name`, `org/name@revision`) is looked up in the cache that Python's `huggingface_hub` keeps, after downloading what it
 * lacks. Of a model that the hub has as GGUF alone, or of which `org/name:Q4_0` or `org/name:file.gguf` asks for that, it is the file.
 * Without a network the cached state is used. Throws an `Error` that says what is missing, a `HubError` for what the hub refuses.
 *
 * @example
 * const folder = await resolveModel('org/name', { onProgress: ({ file, loaded, total }) => console.log(file, loaded / total) });
 */
export async function resolveModel(pathOrHubId: string, options: ResolveOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const stats = await stat(pathOrHubId).catch(() => undefined);
  if (stats?.isDirectory()) return pathOrHubId;
  if (stats !== undefined) {
    if (/\.gguf$/i.test(pathOrHubId)) return pathOrHubId;
    throw new TypeError(`Cannot use ${pathOrHubId} as a model: it is a file, wanted a folder or a .gguf file`);
  }
  if (isBundledModel(pathOrHubId)) return fileURLToPath(bundledModelUrl(pathOrHubId));
  const id = parseModelId(pathOrHubId, options.revision);
  if (id === undefined) throw new Error(`Cannot find the model ${pathOrHubId}: there is no such folder`);
  const settings = await hubSettings(options);
  const cache = new HubCache(settings.cacheDirectory, id);
  if (settings.isOffline) return cachedOnly(id, cache, settings);
  return new Download(id, cache, settings, options).run();
}

async function cachedOnly(
  id: ModelId,
  cache: HubCache,
  { cacheDirectory }: HubSettings,
  cause?: Error,
): Promise<string> {
  const folder = await cache.findSnapshot();
  if (folder !== undefined) return cachedModel(id, folder);
  const reason = cause === undefined ? 'offline mode is on' : `the hub cannot be reached (${reasonOf(cause)})`;
  throw new Error(
    `Cannot find the model ${id.name}@${id.revision}: there is no such folder, ${cacheDirectory} does not have it, and ${reason}`,
    { cause },
  );
}

/** The folder, or the GGUF file in it that is meant. */
async function cachedModel(id: ModelId, folder: string): Promise<string> {
  const names = await readdir(folder);
  return isMeantAsGguf(id, names) ? join(folder, ggufFiles(names, id)[0]!) : folder;
}

/** `fetch failed` hides what failed in its cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** One model on its way from the hub into the cache. */
class Download {
  readonly #id: ModelId;
  readonly #cache: HubCache;
  readonly #settings: HubSettings;
  readonly #client: HubClient;
  readonly #options: ResolveOptions;

  constructor(id: ModelId, cache: HubCache, settings: HubSettings, options: ResolveOptions) {
    this.#id = id;
    this.#cache = cache;
    this.#settings = settings;
    this.#client = new HubClient(settings, options.signal);
    this.#options = options;
  }

  async run(): Promise<string> {
    let commit: string;
    try {
      commit = await this.#client.commitOf(this.#id);
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (error instanceof HubError && error.status < 500) throw error;
      return cachedOnly(this.#id, this.#cache, this.#settings, error as Error);
    }
    const file = await this.#fetchFiles(commit);
    await this.#cache.writeRef(commit);
    const folder = this.#cache.snapshotFolder(commit);
    return file === undefined ? folder : join(folder, file);
  }

  /** Gives the GGUF file that is the model, if it is one. */
  async #fetchFiles(commit: string): Promise<string | undefined> {
    const files = new Map((await this.#client.listFiles(this.#id, commit)).map((file) => [file.path, file]));
    const names = [...files.keys()];
    if (isMeantAsGguf(this.#id, names)) {
      const chosen = ggufFiles(names, this.#id);
      for (const name of chosen) await this.#fetchFile(commit, files.get(name)!);
      return chosen[0];
    }
    for (const name of smallFiles(names)) await this.#fetchFile(commit, files.get(name)!);
    const hasIndex = smallFiles(names).includes(SHARD_INDEX);
    const index = hasIndex ? await readFile(join(this.#cache.snapshotFolder(commit), SHARD_INDEX), 'utf8') : undefined;
    for (const name of weightFiles(names, index, this.#id.name)) await this.#fetchFile(commit, files.get(name)!);
    return undefined;
  }

  async #fetchFile(commit: string, file: HubFile): Promise<void> {
    const { path, size: total, hash } = file;
    const report = (status: 'cached' | 'downloading' | 'done', loaded: number) =>
      this.#options.onProgress?.({ status, file: path, loaded, total });
    if (await this.#cache.hasFile(commit, path)) return report('cached', total);
    const isHere = await this.#cache.hasBlob(hash);
    if (!isHere) await this.#download(commit, file, (loaded) => report('downloading', loaded));
    await this.#cache.link(commit, path, hash);
    report(isHere ? 'cached' : 'done', total);
  }

  async #download(commit: string, file: HubFile, onProgress: (loaded: number) => void): Promise<void> {
    try {
      await downloadBlob({
        path: this.#cache.blobPath(file.hash),
        expected: file,
        open: (start) => this.#client.open(this.#id, commit, file, start),
        refuse: (status) => refusal(this.#id, status, this.#settings),
        onProgress,
        signal: this.#options.signal,
      });
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (error instanceof HubError) throw error;
      throw new Error(`Cannot download ${file.path} of ${this.#id.name}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
