import { resolveModel as resolveHere } from '#hub';
import type { ResolveOptions } from './resolve-options.ts';

export type { HubProgress } from './resolve-options.ts';

/**
 * The folder or GGUF file of a model: a folder, file or URL as it is, or a hub id (`org/name`, `org/name:Q4_0`) looked up in, and downloaded to, the Hugging
 * Face cache. `#hub` is `node.ts` under Node and `browser.ts` elsewhere.
 */
export function resolveModel(pathOrHubId: string, options: ResolveOptions = {}): Promise<string> {
  return resolveHere(pathOrHubId, options);
}
