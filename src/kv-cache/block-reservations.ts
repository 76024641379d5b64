/**
 * Admits requests to a cache, first come first served: each reserves the most blocks it can come to need before it starts,
 * so that none runs out half-way.
 */
export class BlockReservations {
  readonly #numBlocks: number;
  #numReserved = 0;
  readonly #waiting: { readonly count: number; readonly admit: () => void }[] = [];

  constructor(numBlocks: number) {
    this.#numBlocks = numBlocks;
  }

  /** Resolves when `count` blocks are reserved, with the function that gives them back. Rejects when `signal` aborts. */
  async reserve(count: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (count > this.#numBlocks)
      throw new RangeError(`Cannot reserve ${count} cache blocks: the cache has ${this.#numBlocks}`);
    if (this.#waiting.length > 0 || this.#numReserved + count > this.#numBlocks) await this.#wait(count, signal);
    else this.#numReserved += count;
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(count);
      isHeld = false;
    };
  }

  #wait(count: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        count,
        admit: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        this.#admit();
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(entry);
    });
  }

  #giveBack(count: number): void {
    this.#numReserved -= count;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#numReserved + next.count > this.#numBlocks) return;
      this.#numReserved += next.count;
      this.#waiting.shift();
      next.admit();
    }
  }
}
