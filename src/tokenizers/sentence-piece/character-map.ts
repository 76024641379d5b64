/** What the beginning of a text is replaced by. */
export interface Replacement {
  /** UTF-16 code units of the text that it stands for. */
  readonly length: number;
  readonly text: string;
}

/** Real ones have up to 33 bytes; a hostile file could otherwise blow a text up. */
const MAX_REPLACEMENT_BYTES = 1024;

/**
 * SentencePiece's precompiled replacements of characters (`precompiled_charsmap`: nmt_nfkc and others): the number of bytes of a
 * double-array trie of UTF-8 strings, the trie (Darts-clone; Aoe 1989, Yata 2007), whose values are places among the replacements,
 * and these, each ended by a zero. Walking is bounded by the text, whatever the file holds.
 */
export class CharacterMap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #texts = new Map<number, string>();

  /** Throws a `RangeError` that names `location` for a map that does not hold. */
  constructor(blob: Uint8Array, location: string) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    const trieBytes = blob.length > 4 ? view.getUint32(0, true) : blob.length;
    if (trieBytes % 4 !== 0 || trieBytes < 4 || trieBytes > blob.length - 4)
      throw new RangeError(
        `Cannot read ${location}: its map of characters has ${blob.length} bytes and a trie of ${trieBytes}`,
      );
    this.#units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#replacements = blob.subarray(4 + trieBytes);
    this.#checkReplacements(location);
  }

  /** The replacement of the longest beginning of `text` from `at` on that has one. */
  longestMatch(text: string, at: number): Replacement | undefined {
    return this.#match(text, at, text.length, false);
  }

  /** The replacement of the shortest one, within `text[at … end - 1]`. */
  shortestMatch(text: string, at: number, end: number): Replacement | undefined {
    return this.#match(text, at, end, true);
  }

  #match(text: string, start: number, end: number, stopAtFirst: boolean): Replacement | undefined {
    let node: number | undefined = 0;
    let found: Replacement | undefined;
    for (let at = start; at < end; ) {
      const codePoint = text.codePointAt(at)!;
      node = this.#followCharacter(node, codePoint);
      if (node === undefined) return found;
      at += codePoint > 0xffff ? 2 : 1;
      const value = this.#valueOf(node);
      if (value === undefined) continue;
      found = { length: at - start, text: this.#textAt(value) };
      if (stopAtFirst) return found;
    }
    return found;
  }

  #followCharacter(node: number, codePoint: number): number | undefined {
    if (codePoint < 0x80) return this.#follow(node, codePoint);
    const next = (from: number | undefined, shift: number) =>
      from === undefined ? undefined : this.#follow(from, 0x80 | ((codePoint >> shift) & 0x3f));
    if (codePoint < 0x800) return next(this.#follow(node, 0xc0 | (codePoint >> 6)), 0);
    if (codePoint < 0x10000) return next(next(this.#follow(node, 0xe0 | (codePoint >> 12)), 6), 0);
    return next(next(next(this.#follow(node, 0xf0 | (codePoint >> 18)), 12), 6), 0);
  }

  /** The child of a node for a byte. A unit's label is that byte, with the highest bit set in a value. */
  #follow(node: number, byte: number): number | undefined {
    const child = this.#childrenOf(node) ^ byte;
    const unit = this.#units[child];
    return unit !== undefined && (unit & 0x8000_00ff) >>> 0 === byte ? child : undefined;
  }

  #valueOf(node: number): number | undefined {
    if ((this.#units[node]! & 0x100) === 0) return undefined;
    const unit = this.#units[this.#childrenOf(node)];
    return unit === undefined ? undefined : unit & 0x7fff_ffff;
  }

  #childrenOf(node: number): number {
    const unit = this.#units[node]!;
    return (node ^ ((unit >>> 10) << ((unit & 0x200) >>> 6))) >>> 0;
  }

  #textAt(place: number): string {
    let text = this.#texts.get(place);
    if (text === undefined) {
      const end = this.#replacements.indexOf(0, place);
      text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        this.#replacements.subarray(place, end < 0 ? undefined : end),
      );
      this.#texts.set(place, text);
    }
    return text;
  }

  #checkReplacements(location: string): void {
    const bytes = this.#replacements;
    for (let start = 0; start < bytes.length; ) {
      const zero = bytes.indexOf(0, start);
      const end = zero < 0 ? bytes.length : zero;
      if (end - start > MAX_REPLACEMENT_BYTES)
        throw new RangeError(
          `Cannot read ${location}: its map of characters has a replacement of ${end - start} bytes, wanted at most ${MAX_REPLACEMENT_BYTES}`,
        );
      start = end + 1;
    }
  }
}
