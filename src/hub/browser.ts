import { isBundledModel } from './bundled-models.ts';
import { parseModelId } from './model-id.ts';
import type { ResolveOptions } from './resolve-options.ts';

/**
 * The URL of a model's folder. A URL, or a path of this site that begins with `/` or `.`, is returned as it is; a hub id
 * becomes its address on the hub, and `org/name:file.gguf` that of the file; the browser then keeps what it reads in its own cache.
 * Throws a `TypeError` for options that need a disk.
 */
export async function resolveModel(urlOrHubId: string, options: ResolveOptions = {}): Promise<string> {
  const { cacheDirectory, token, offline, signal } = options;
  for (const [name, value] of Object.entries({ cacheDirectory, token, offline })) {
    if (value !== undefined)
      throw new TypeError(`Cannot resolve ${urlOrHubId}: a browser has no use for the option ${name}`);
  }
  signal?.throwIfAborted();
  if (/^([a-z][a-z0-9+.-]*:|\/|\.)/i.test(urlOrHubId)) return urlOrHubId.replace(/\/+$/, '');
  if (isBundledModel(urlOrHubId))
    throw new TypeError(
      `Cannot resolve ${JSON.stringify(urlOrHubId)}: in a browser its files must be served; serve the package's models/${urlOrHubId}, and give its URL`,
    );
  const id = parseModelId(urlOrHubId, options.revision);
  if (id === undefined) {
    throw new TypeError(
      `Cannot resolve ${JSON.stringify(urlOrHubId)}: wanted a URL, a path that begins with "/" or ".", or org/name`,
    );
  }
  const endpoint = (options.endpoint ?? 'https://huggingface.co').replace(/\/+$/, '');
  const folder = `${endpoint}/${id.name}/resolve/${encodeURIComponent(id.revision)}`;
  if (id.gguf === undefined) return folder;
  if (/\.gguf$/i.test(id.gguf)) return `${folder}/${encodeURIComponent(id.gguf)}`;
  throw new TypeError(
    `Cannot resolve ${JSON.stringify(urlOrHubId)}: in a browser the GGUF file must be named, as ${id.name}:model-${id.gguf}.gguf`,
  );
}
