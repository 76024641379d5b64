import type { DeviceBuffer, DeviceCache, DeviceMatrix } from '../../backend/backend.ts';
import { type CacheDType, type MatrixDType, type MatrixFormat, matrixDType } from '../../backend/dtype.ts';

/** A handle of this backend: what it describes, and where that lies. */
export type WasmHandle = WasmBuffer | WasmMatrix | WasmCache;

export class WasmBuffer implements DeviceBuffer {
  readonly kind = 'buffer';
  readonly dtype: 'float32' | 'int32';
  readonly length: number;
  /** The memory that it belongs to. */
  readonly owner: object;
  readonly address: number;
  /** The innermost scope that it lives in, undefined outside of all. */
  scope: readonly WasmBuffer[] | undefined;
  isReleased = false;

  constructor(owner: object, dtype: 'float32' | 'int32', length: number, address: number) {
    this.owner = owner;
    this.dtype = dtype;
    this.length = length;
    this.address = address;
  }

  get byteLength(): number {
    return this.length * 4;
  }
}

export class WasmMatrix implements DeviceMatrix {
  readonly kind = 'matrix';
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly columns: number;
  readonly byteLength: number;
  readonly owner: object;
  readonly address: number;
  isReleased = false;

  constructor(
    owner: object,
    address: number,
    shape: { format: MatrixFormat; rows: number; columns: number; byteLength: number },
  ) {
    this.owner = owner;
    this.address = address;
    this.format = shape.format;
    this.rows = shape.rows;
    this.columns = shape.columns;
    this.byteLength = shape.byteLength;
  }

  get dtype(): MatrixDType {
    return matrixDType(this.format);
  }
}

export class WasmCache implements DeviceCache {
  readonly kind = 'cache';
  readonly dtype: CacheDType;
  readonly numBlocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly byteLength: number;
  readonly owner: object;
  readonly address: number;
  isReleased = false;

  constructor(
    owner: object,
    address: number,
    shape: { numBlocks: number; kvHeads: number; headSize: number; dtype: CacheDType; byteLength: number },
  ) {
    this.owner = owner;
    this.address = address;
    this.numBlocks = shape.numBlocks;
    this.kvHeads = shape.kvHeads;
    this.headSize = shape.headSize;
    this.dtype = shape.dtype;
    this.byteLength = shape.byteLength;
  }
}
