/**
 * Finds the first byte of a file in chunks that is not text: not UTF-8 (the Unicode standard, table 3-7), or NUL, which
 * UTF-8 has and no text. Throws an `Error` that names the file and the byte.
 */
export class Utf8Check {
  readonly #location: string;
  #offset = 0;
  /** Bytes that the character still needs, and the range of the next one. */
  #needed = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  constructor(location: string) {
    this.#location = location;
  }

  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (this.#needed === 0 && byte > 0 && byte < 0x80) continue;
      if (!this.#accept(byte)) this.#fail(this.#offset + i, byte);
    }
    this.#offset += bytes.length;
  }

  /** The file ends here. */
  end(): void {
    if (this.#needed === 0) return;
    throw new Error(
      `Cannot read ${this.#location} as text: it ends after byte ${this.#offset}, within a character of UTF-8`,
    );
  }

  #accept(byte: number): boolean {
    if (this.#needed > 0) {
      const fits = byte >= this.#lowest && byte <= this.#highest;
      this.#expect(this.#needed - 1);
      return fits;
    }
    if (byte >= 0xc2 && byte <= 0xdf) this.#expect(1);
    else if (byte >= 0xe0 && byte <= 0xef) this.#expect(2, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf);
    else if (byte >= 0xf0 && byte <= 0xf4) this.#expect(3, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf);
    else return false;
    return true;
  }

  #expect(needed: number, lowest = 0x80, highest = 0xbf): void {
    this.#needed = needed;
    this.#lowest = lowest;
    this.#highest = highest;
  }

  #fail(offset: number, byte: number): never {
    const what = byte === 0 ? 'is NUL' : `(0x${byte.toString(16).padStart(2, '0')}) is not UTF-8`;
    throw new Error(`Cannot read ${this.#location} as text: byte ${offset} ${what}; wanted a text file in UTF-8`);
  }
}
