import { requireInside, type TensorEntry, tensorEntry, type WeightSource } from '../weight-source.ts';

/**
 * A source in which some tensors have the rows of each head in the order of Hugging Face's checkpoints. For the architecture
 * `llama`, GGUF has the two halves of a head, which a rotation turns as pairs (i, D/2 + i), woven into each other, so that pairs are
 * neighbours (2i, 2i + 1). `numHeads` says how many heads a tensor has, or undefined for one that is to stay as it is.
 */
export function unwovenHeads(source: WeightSource, numHeads: (name: string) => number | undefined): WeightSource {
  return {
    location: source.location,
    tensors: source.tensors,
    metadata: source.metadata,
    async read(name, target, byteOffset) {
      const entry = tensorEntry(source, name);
      const heads = numHeads(name);
      if (heads === undefined) return source.read(name, target, byteOffset);
      requireInside(entry, byteOffset, target.length);
      await readHeads(source, entry, heads, target, byteOffset);
    },
    close: () => source.close(),
  };
}

/** Reads every head that the bytes wanted lie in, and takes its rows in the other order. */
async function readHeads(
  source: WeightSource,
  entry: TensorEntry,
  numHeads: number,
  target: Uint8Array,
  byteOffset: number,
): Promise<void> {
  const rows = entry.shape[0] ?? 0;
  const headSize = rows / numHeads;
  if (!Number.isInteger(headSize / 2)) {
    throw new RangeError(
      `Cannot read tensor ${JSON.stringify(entry.name)} of ${entry.location}: ${rows} rows do not make ${numHeads} heads of even size`,
    );
  }
  const rowBytes = entry.byteLength / rows;
  const headBytes = headSize * rowBytes;
  const end = byteOffset + target.length;
  for (let head = Math.floor(byteOffset / headBytes); head * headBytes < end; head++) {
    const woven = new Uint8Array(headBytes);
    await source.read(entry.name, woven, head * headBytes);
    const from = Math.max(0, byteOffset - head * headBytes);
    const to = Math.min(headBytes, end - head * headBytes);
    target.set(unweave(woven, headSize, rowBytes).subarray(from, to), head * headBytes + from - byteOffset);
  }
}

/** Row 2i + j of a head becomes row j · D/2 + i. */
function unweave(woven: Uint8Array, headSize: number, rowBytes: number): Uint8Array {
  const rows = new Uint8Array(woven.length);
  for (let row = 0; row < headSize; row++) {
    const to = (row % 2) * (headSize / 2) + Math.floor(row / 2);
    rows.set(woven.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes);
  }
  return rows;
}
