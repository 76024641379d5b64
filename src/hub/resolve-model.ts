/** `node.ts` under Node, `browser.ts` elsewhere. */
export { resolveModel } from '#hub';
export type { HubProgress, ResolveOptions } from './resolve-options.ts';
