import type { TopKShape } from '../../../backend/backend.ts';

/** The `count` largest elements of each row and their indices: (T, count), (T, count). NaN above all; equals by index. */
export function topK(
  indices: Int32Array,
  values: Float32Array,
  input: Float32Array,
  { columns, count }: TopKShape,
): void {
  for (let row = 0; row < input.length / columns; row++) {
    const elements = input.subarray(row * columns, (row + 1) * columns);
    // A stable sort leaves equals in the order of their indices.
    const ranked = [...elements.keys()].sort((a, b) => descending(elements[a]!, elements[b]!)).slice(0, count);
    indices.set(ranked, row * count);
    values.set(
      ranked.map((index) => elements[index]!),
      row * count,
    );
  }
}

function descending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : b - a;
}
