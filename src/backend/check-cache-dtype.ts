import { CACHE_DTYPES, type CacheDType } from './dtype.ts';

/** Throws a `TypeError` for what is no element type of a cache. */
export function checkCacheDType(dtype: CacheDType): void {
  if (CACHE_DTYPES.includes(dtype)) return;
  throw new TypeError(`Cannot allocate a cache: dtype ${JSON.stringify(dtype)}, wanted ${CACHE_DTYPES.join(', ')}`);
}
