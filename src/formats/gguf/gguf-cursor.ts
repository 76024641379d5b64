import type { ReadableFile } from '../../platform/platform.ts';

const CHUNK_BYTES = 1 << 18;

/**
 * Reads the little-endian numbers and strings of a GGUF header one after the other, fetching the file by chunks, since
 * nothing says how long the header is. Whatever would reach past the end is refused before anything is allocated for it.
 */
export class GgufCursor {
  readonly file: ReadableFile;
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #chunk = new DataView(new ArrayBuffer(0));
  /** Where the chunk begins in the file. */
  #start = 0;
  #position = 0;

  constructor(file: ReadableFile) {
    this.file = file;
  }

  /** Bytes from the file's start. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.file.size - this.#position;
  }

  async uint32(): Promise<number> {
    const at = await this.#take(4);
    return this.#chunk.getUint32(at, true);
  }

  /** A 64-bit count or length, which must be a whole number that a double holds. */
  async count(what: string): Promise<number> {
    const at = await this.#take(8);
    const value = this.#chunk.getBigUint64(at, true);
    if (value > Number.MAX_SAFE_INTEGER) throw this.refuse(`${what} is ${value}, more than any file can hold`);
    return Number(value);
  }

  /** A string of at most `maxLength` bytes; `what` is what errors call it. */
  async string(what: string, maxLength = Number.MAX_SAFE_INTEGER): Promise<string> {
    const length = await this.count(`the length of ${what}`);
    const limit = Math.min(this.remaining, maxLength);
    if (length > limit) throw this.refuse(`${what} has ${length} bytes, wanted at most ${limit}`);
    const bytes = await this.view(length);
    try {
      return this.#text.decode(bytes);
    } catch (cause) {
      throw new SyntaxError(`Cannot read ${this.file.location}: ${what} is not valid UTF-8`, { cause });
    }
  }

  /** The next bytes, which must be there; good until the next call. */
  async view(length: number): Promise<DataView<ArrayBuffer>> {
    const at = await this.#take(length);
    return new DataView(this.#chunk.buffer, at, length);
  }

  refuse(problem: string): RangeError {
    return new RangeError(`Cannot read ${this.file.location}: ${problem}`);
  }

  /** Makes the next bytes the chunk's, and gives where they begin in it. */
  async #take(length: number): Promise<number> {
    if (length > this.remaining) {
      throw this.refuse(
        `it ends at byte ${this.file.size}, but the header needs ${length} bytes from byte ${this.#position} on`,
      );
    }
    if (this.#position + length > this.#start + this.#chunk.byteLength) {
      const bytes = new Uint8Array(Math.min(Math.max(length, CHUNK_BYTES), this.remaining));
      await this.file.read(bytes, this.#position);
      this.#chunk = new DataView(bytes.buffer);
      this.#start = this.#position;
    }
    const at = this.#position - this.#start;
    this.#position += length;
    return at;
  }
}
