/** Where the numbers of a word of 32 bits belong: number i of `count` in a row is at bits `bits` · position(i). */
export interface Packing {
  readonly bits: 8 | 4;
  /** The position of each number of a word, lowest bits first. */
  readonly positions: readonly number[];
}

/** GPTQ's: in order. */
export function inOrder(bits: 8 | 4): Packing {
  return { bits, positions: Array.from({ length: 32 / bits }, (_, i) => i) };
}

/** AWQ's: words have their eight numbers in the order 0, 2, 4, 6, 1, 3, 5, 7. */
export const INTERLEAVED: Packing = { bits: 4, positions: [0, 4, 1, 5, 2, 6, 3, 7] };

/** Numbers without sign (rows, columns) of words (rows, columns · bits / 32). */
export function unpackRows(words: Int32Array, { bits, positions }: Packing): Uint8Array {
  const count = positions.length;
  const mask = 2 ** bits - 1;
  const values = new Uint8Array(words.length * count);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    for (let i = 0; i < count; i++) values[at * count + i] = (word >>> (bits * positions[i]!)) & mask;
  }
  return values;
}

/** Words (rows, columns · bits / 32) of numbers (rows, columns), whose columns fill whole words. */
export function packRows(values: Uint8Array, { bits, positions }: Packing): Int32Array<ArrayBuffer> {
  const count = positions.length;
  const words = new Int32Array(values.length / count);
  for (let at = 0; at < words.length; at++)
    for (let i = 0; i < count; i++) words[at]! |= values[at * count + i]! << (bits * positions[i]!);
  return words;
}
