import { formatBytes } from './format-bytes.ts';

const PAGE = 65536;
const MAX_PAGES = 65536;
/** Growing by less would grow too often. */
const GROWTH = 4 * 2 ** 20;

/**
 * The memory of one backend: the address space is reserved at once, as much as the system gives up to 4 GiB, and pages are
 * added on demand. The last page is never used, so that no address past the end of an allocation wraps around to 0.
 */
export class WasmMemory {
  #memory: WebAssembly.Memory;
  readonly isShared: boolean;
  /** First address that can never be used. */
  readonly limit: number;
  #int32: Int32Array;
  #float32: Float32Array;

  constructor(isShared: boolean) {
    this.isShared = isShared;
    const { memory, maxPages } = reserve(isShared);
    this.#memory = memory;
    this.limit = (maxPages - 1) * PAGE;
    this.#int32 = new Int32Array(memory.buffer);
    this.#float32 = new Float32Array(memory.buffer);
  }

  get memory(): WebAssembly.Memory {
    return this.#memory;
  }

  /** All of memory as int32. Growing replaces it. */
  get int32(): Int32Array {
    return this.#int32;
  }

  /** All of memory as float32. Growing replaces it. */
  get float32(): Float32Array {
    return this.#float32;
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, length);
  }

  /** Grows so that addresses below `end` can be used, and if there is room before `limit` by some more at once. */
  ensure(end: number, limit: number): void {
    const have = this.byteLength;
    if (end <= have) return;
    const wanted = Math.max(end, Math.min(have + GROWTH, limit));
    try {
      this.#memory.grow(Math.ceil((wanted - have) / PAGE));
    } catch (cause) {
      throw new RangeError(
        `Cannot grow WebAssembly memory from ${formatBytes(have)} to ${formatBytes(wanted)}: the system gives no more`,
        { cause },
      );
    }
    this.#useBuffer();
  }

  /** Lets go of the memory; what is left is one page that nobody uses. */
  dispose(): void {
    this.#memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: this.isShared });
    this.#useBuffer();
  }

  #useBuffer(): void {
    this.#int32 = new Int32Array(this.#memory.buffer);
    this.#float32 = new Float32Array(this.#memory.buffer);
  }
}

/** Some systems do not let a page reserve 4 GiB of addresses: then half of it, and so on. */
function reserve(isShared: boolean): { memory: WebAssembly.Memory; maxPages: number } {
  for (let maxPages = MAX_PAGES; ; maxPages /= 2) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: isShared }), maxPages };
    } catch (error) {
      if (maxPages <= 1024) throw error;
    }
  }
}
