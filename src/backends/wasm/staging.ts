import type { Executor } from './executor.ts';
import type { Heap } from './heap.ts';

const LEAST_BYTES = 65536;

interface Chunk {
  readonly address: number;
  readonly bytes: number;
  used: number;
  /** The list whose commands read the chunk last. */
  list: number;
}

/**
 * Memory that the host may write while operations are still to run. It is never part of the common heap again, because
 * what the heap hands out may still be in use by an operation recorded before its release; a chunk is used again when the
 * lists that read it have run.
 */
export class Staging {
  readonly #heap: Heap;
  readonly #executor: Executor;
  readonly #chunks: Chunk[] = [];

  constructor(heap: Heap, executor: Executor) {
    this.#heap = heap;
    this.#executor = executor;
  }

  /** Address of `bytes` bytes for the commands of list `list`, the one that is being recorded. */
  allocate(bytes: number, list: number): number {
    const chunk = this.#find(bytes) ?? this.#add(bytes);
    const address = chunk.address + chunk.used;
    chunk.used = Math.ceil((chunk.used + bytes) / 64) * 64;
    chunk.list = list;
    return address;
  }

  #find(bytes: number): Chunk | undefined {
    const completed = this.#executor.numCompleted;
    let best: Chunk | undefined;
    for (const chunk of this.#chunks) {
      if (chunk.list <= completed) chunk.used = 0;
      const fits = chunk.bytes - chunk.used >= bytes;
      if (fits && (best === undefined || chunk.bytes < best.bytes)) best = chunk;
    }
    return best;
  }

  #add(bytes: number): Chunk {
    const size = Math.max(LEAST_BYTES, Math.ceil(bytes / 64) * 64);
    const chunk: Chunk = { address: this.#heap.allocateUntouched(size, 'staged data'), bytes: size, used: 0, list: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}
