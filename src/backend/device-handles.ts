import type { CacheDType, MatrixDType, MatrixFormat } from './dtype.ts';

/** A row of numbers on a device. Only the backend that made it may look inside. */
export interface DeviceBuffer {
  readonly kind: 'buffer';
  readonly dtype: 'float32' | 'int32';
  readonly length: number;
}

/** Columns of a buffer of rows of `columns` elements, from `start` on: an operand that lies in wider rows. */
export interface DeviceColumns {
  readonly buffer: DeviceBuffer;
  readonly columns: number;
  readonly start: number;
}

/** A weight matrix on a device, `rows` outputs by `columns` inputs, in the backend's own layout. */
export interface DeviceMatrix {
  readonly kind: 'matrix';
  readonly dtype: MatrixDType;
  /** What it was allocated as: the dtype, or the scheme that it is quantised in. */
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly columns: number;
  /** Bytes it takes in the device's memory, padding included. */
  readonly byteLength: number;
}

/** The paged keys and values of one attention layer. */
export interface DeviceCache extends CacheShape {
  readonly kind: 'cache';
  readonly dtype: CacheDType;
  readonly byteLength: number;
}

/**
 * The size of one attention layer's cache: keys and values of `numBlocks` · 16 tokens, each `kvHeads` · `headSize`
 * numbers.
 */
export interface CacheShape {
  /** Blocks of `CACHE_BLOCK_SIZE` tokens. */
  readonly numBlocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** What keys and values are rounded to when they are stored; float32 unless given. */
  readonly dtype?: CacheDType | undefined;
}

/** Tokens in one block of the paged key/value cache. Slot `s` is token `s % 16` of block `s / 16`. */
export const CACHE_BLOCK_SIZE = 16;
