// What a WebAssembly instance offers to the host.

export { execute, serve } from './execute';

/** The first address after the constants. */
export function constantsEnd(): usize {
  return __heap_base;
}
