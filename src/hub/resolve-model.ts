import { resolveModel as resolveHere } from '#hub';
import type { ResolveOptions } from './resolve-options.ts';

export type { HubProgress } from './resolve-options.ts';

/**
 * The folder of a model: a folder or URL as it is, or a hub id (`org/name`) looked up in, and downloaded to, the Hugging
 * Face cache. `#hub` is `node.ts` under Node and `browser.ts` elsewhere.
 */
export function resolveModel(pathOrHubId: string, options: ResolveOptions = {}): Promise<string> {
  return resolveHere(pathOrHubId, options);
}
