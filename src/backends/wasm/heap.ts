import { formatBytes } from './format-bytes.ts';

/** Allocations begin at a multiple of this and are a multiple of it long. */
const ALIGNMENT = 64;

/** Bytes that an allocation of `bytes` takes. */
export function alignedBytes(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

export interface HeapOptions {
  /** First address. */
  readonly start: number;
  /** First address past the end. */
  readonly limit: number;
  /** Makes the addresses below `end` usable. */
  readonly ensure: (end: number) => void;
  /** Where memory ends, for messages: `WebAssembly memory ends at 4 GiB`. */
  readonly limitReason: string;
}

/**
 * Hands out pieces of device memory: the first free one that is large enough, by address. Free neighbours merge. What a
 * piece held stays in it; only memory above `untouched` is known to be zeros.
 */
export class Heap {
  readonly #options: HeapOptions;
  /** Free pieces below `#top`, by address; no two touch. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** No address from here on was ever handed out. */
  #top: number;
  #usedBytes = 0;

  constructor(options: HeapOptions) {
    this.#options = options;
    this.#top = alignedBytes(options.start);
  }

  /** Bytes handed out and not released, alignment included. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** First address that was never handed out: memory from here on is zeros. */
  get untouched(): number {
    return this.#top;
  }

  /** Address of `bytes` bytes. `what` they are for is what the error says when there is no room. */
  allocate(bytes: number, what: string): number {
    const size = alignedBytes(bytes);
    if (size === 0) return this.#options.start;
    for (let i = 0; i < this.#starts.length; i++) {
      if (this.#ends[i]! - this.#starts[i]! >= size) return this.#takeFrom(i, size);
    }
    return this.#takeFromTop(size, what, this.#ends.at(-1) === this.#top);
  }

  /** Like `allocate`, but memory that was never handed out: no operation that is still to run can use it. */
  allocateUntouched(bytes: number, what: string): number {
    return this.#takeFromTop(alignedBytes(bytes), what, false);
  }

  /** Takes back what `allocate` gave for as many bytes. */
  release(address: number, bytes: number): void {
    const size = alignedBytes(bytes);
    if (size === 0) return;
    const end = address + size;
    this.#usedBytes -= size;
    const i = this.#firstAfter(address);
    const touchesPrevious = i > 0 && this.#ends[i - 1] === address;
    const touchesNext = i < this.#starts.length && this.#starts[i] === end;
    if (touchesPrevious && touchesNext) {
      this.#ends[i - 1] = this.#ends[i]!;
      this.#starts.splice(i, 1);
      this.#ends.splice(i, 1);
    } else if (touchesPrevious) {
      this.#ends[i - 1] = end;
    } else if (touchesNext) {
      this.#starts[i] = address;
    } else {
      this.#starts.splice(i, 0, address);
      this.#ends.splice(i, 0, end);
    }
  }

  #takeFrom(i: number, size: number): number {
    const address = this.#starts[i]!;
    this.#starts[i] = address + size;
    if (this.#starts[i] === this.#ends[i]) {
      this.#starts.splice(i, 1);
      this.#ends.splice(i, 1);
    }
    this.#usedBytes += size;
    return address;
  }

  /** With `extend`, the free piece that ends at the top is the beginning of the new one. */
  #takeFromTop(size: number, what: string, extend: boolean): number {
    const address = extend ? this.#starts.at(-1)! : this.#top;
    const end = address + size;
    const { limit, limitReason, ensure } = this.#options;
    if (!(end <= limit)) {
      throw new RangeError(
        `Cannot allocate ${formatBytes(size)} for ${what}: ${formatBytes(this.#usedBytes)} are in use, and ${limitReason}`,
      );
    }
    ensure(end);
    if (extend) {
      this.#starts.pop();
      this.#ends.pop();
    }
    this.#top = end;
    this.#usedBytes += size;
    return address;
  }

  /** Index of the first free piece above `address`. */
  #firstAfter(address: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
