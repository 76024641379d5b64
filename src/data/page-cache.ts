/** The pages that were used last; a page that is on its way is waited for, not read again. */
export class PageCache {
  readonly #capacity: number;
  /** In the order of their last use, oldest first. */
  readonly #pages = new Map<string, Promise<Uint8Array>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const page = this.#pages.get(key) ?? read();
    this.#pages.delete(key);
    this.#pages.set(key, page);
    // One that could not be read is asked for again next time.
    page.catch(() => {
      if (this.#pages.get(key) === page) this.#pages.delete(key);
    });
    if (this.#pages.size > this.#capacity) this.#pages.delete(this.#pages.keys().next().value!);
    return page;
  }

  clear(): void {
    this.#pages.clear();
  }
}
