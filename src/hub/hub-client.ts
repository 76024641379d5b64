import type { HubSettings } from './hub-settings.ts';
import type { ModelId } from './model-id.ts';

/** A file of a model as the hub lists it. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Names the blob in the cache: the SHA-256 of a large file, the git object id of a small one. */
  readonly hash: string;
  readonly algorithm: 'sha256' | 'git';
}

/** The hub answered and there is no use in trying again. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Requests to a hub, with the token if there is one. */
export class HubClient {
  readonly #settings: HubSettings;
  readonly #signal: AbortSignal | undefined;

  constructor(settings: HubSettings, signal: AbortSignal | undefined) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** The commit that a revision stands for. Throws a `HubError`, or a `TypeError` if the hub cannot be reached. */
  async commitOf(id: ModelId): Promise<string> {
    const { modelInfo } = await import('@huggingface/hub');
    const info = await this.#request(id, () =>
      modelInfo({ ...this.#common(), name: id.name, revision: id.revision, additionalFields: ['sha'] }),
    );
    if (/^[0-9a-f]{40}$/.test(info.sha)) return info.sha;
    throw new HubError(`Cannot resolve ${id.name}: the hub answered with the commit ${JSON.stringify(info.sha)}`, 200);
  }

  /** The files in a model's folder, those of its subfolders left out. */
  async listFiles(id: ModelId, commit: string): Promise<readonly HubFile[]> {
    const { listFiles } = await import('@huggingface/hub');
    return this.#request(id, async () => {
      const files: HubFile[] = [];
      const repo = { type: 'model', name: id.name } as const;
      for await (const entry of listFiles({ ...this.#common(), repo, revision: commit })) {
        if (entry.type === 'file') files.push(toHubFile(id, entry));
      }
      return files;
    });
  }

  /** The bytes of a file from `start` on. */
  async open(id: ModelId, commit: string, file: HubFile, start: number): Promise<Response> {
    const url = `${this.#settings.endpoint}/${id.name}/resolve/${commit}/${encodeURIComponent(file.path)}`;
    const range = start > 0 ? { Range: `bytes=${start}-` } : undefined;
    return this.#fetch(url, { headers: { 'Accept-Encoding': 'identity', ...range } });
  }

  #common() {
    const fetch = ((url: string, init?: RequestInit) => this.#fetch(url, init)) as typeof globalThis.fetch;
    return { hubUrl: this.#settings.endpoint, fetch };
  }

  #fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#settings.token !== undefined) headers.set('Authorization', `Bearer ${this.#settings.token}`);
    return fetch(url, { ...init, headers, signal: this.#signal ?? null });
  }

  /** Gives the answers of the hub that say no a message that says what to do. */
  async #request<Result>(id: ModelId, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (cause) {
      const status = (cause as { statusCode?: number }).statusCode;
      if (status === undefined) throw cause;
      throw refusal(id, status, this.#settings, cause);
    }
  }
}

/** What a status means for a model. */
export function refusal(id: ModelId, status: number, settings: Pick<HubSettings, 'token'>, cause?: unknown): HubError {
  const action = `Cannot download ${id.name}@${id.revision}: the hub answered ${status}`;
  const meaning = {
    401:
      settings.token === undefined
        ? 'it is private, gated or does not exist; set HF_TOKEN to an access token'
        : 'the token is not valid',
    403: 'the token gives no access to it; ask for access on its page',
    404: 'there is no such model or revision, nor a folder of this name here',
  }[status];
  const detail = meaning ?? (cause instanceof Error ? cause.message : 'try again later');
  return new HubError(`${action}, ${detail}`, status, { cause });
}

function toHubFile(
  id: ModelId,
  entry: { path: string; size: number; oid?: string; lfs?: { oid: string; size: number } },
): HubFile {
  const { path, size } = entry;
  if (entry.lfs !== undefined && /^[0-9a-f]{64}$/.test(entry.lfs.oid)) {
    return { path, size: entry.lfs.size, hash: entry.lfs.oid, algorithm: 'sha256' };
  }
  if (entry.lfs === undefined && /^[0-9a-f]{40}$/.test(entry.oid ?? '')) {
    return { path, size, hash: entry.oid!, algorithm: 'git' };
  }
  throw new HubError(`Cannot download ${id.name}: the hub gives no hash for ${JSON.stringify(path)}`, 200);
}
