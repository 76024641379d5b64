/** A piece that was found in a text. */
export interface TrieMatch {
  readonly value: number;
  /** Behind its last code unit. */
  readonly end: number;
}

/**
 * Finds which pieces begin at a place of a text. The children of a node lie side by side, sorted, in flat arrays; so that 250,000
 * pieces take a few megabytes.
 */
export class PieceTrie {
  /** By node: the first of its children; the next node's first child ends them. */
  readonly #children: Int32Array;
  /** By node: the code unit that leads to it. */
  readonly #units: Uint16Array;
  /** By node: the value of the piece that ends there, or -1. */
  readonly #values: Int32Array;

  /** Of equal pieces the last one counts. */
  constructor(pieces: Iterable<readonly [piece: string, value: number]>) {
    const sorted = [...new Map(pieces)].sort(([a], [b]) => (a < b ? -1 : 1));
    const nodes = [{ depth: 0, start: 0, end: sorted.length }];
    const [children, units, values]: [number[], number[], number[]] = [[], [0], []];
    for (let node = 0; node < nodes.length; node++) {
      const { depth, start, end } = nodes[node]!;
      const isPiece = start < end && sorted[start]![0].length === depth;
      values.push(isPiece ? sorted[start]![1] : -1);
      children.push(nodes.length);
      for (let from = isPiece ? start + 1 : start; from < end; ) {
        const unit = sorted[from]![0].charCodeAt(depth);
        let to = from + 1;
        while (to < end && sorted[to]![0].charCodeAt(depth) === unit) to++;
        nodes.push({ depth: depth + 1, start: from, end: to });
        units.push(unit);
        from = to;
      }
    }
    children.push(nodes.length);
    this.#children = Int32Array.from(children);
    this.#units = Uint16Array.from(units);
    this.#values = Int32Array.from(values);
  }

  /** Calls `found` with the value and the end of each piece that is text[at … end - 1], shortest first. */
  forEachMatch(text: string, at: number, found: (value: number, end: number) => void): void {
    let node = 0;
    for (let end = at; end < text.length; ) {
      node = this.#child(node, text.charCodeAt(end++));
      if (node === 0) return;
      const value = this.#values[node]!;
      if (value >= 0) found(value, end);
    }
  }

  /** The longest piece that begins at a place, or undefined. */
  longestMatch(text: string, at: number): TrieMatch | undefined {
    let longest: TrieMatch | undefined;
    this.forEachMatch(text, at, (value, end) => {
      longest = { value, end };
    });
    return longest;
  }

  /** The child for a code unit; 0, the root, for none. */
  #child(node: number, unit: number): number {
    let low = this.#children[node]!;
    let high = this.#children[node + 1]! - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#units[middle]!;
      if (found === unit) return middle;
      if (found < unit) low = middle + 1;
      else high = middle - 1;
    }
    return 0;
  }
}
