/** Of each pair, tokens of the source and rows of the target. */
export interface PairLengths {
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
}

/** Batches of pairs. */
export interface PairPlan {
  /** The numbers of the pairs, those of one batch together. */
  readonly pairs: Uint32Array;
  /** (batches + 1): where each batch begins in `pairs`. */
  readonly starts: readonly number[];
}

/** Pairs that are sorted by length together: enough for batches of like lengths, few enough to stay in random company. */
const BUCKET = 4096;

/** Fills batches with pairs one after the other, up to `maxTokens`, after sorting some thousands at a time by their lengths. */
export function bucketPairs(
  { sources, targets }: PairLengths,
  order: Uint32Array,
  { maxTokens, keepsOrder }: { readonly maxTokens: number; readonly keepsOrder: boolean },
): PairPlan {
  const pairs = order.slice();
  const byLength = (a: number, b: number) => targets[a]! - targets[b]! || sources[a]! - sources[b]! || a - b;
  if (!keepsOrder) for (let i = 0; i < pairs.length; i += BUCKET) pairs.subarray(i, i + BUCKET).sort(byLength);
  const starts = [0];
  let numTokens = 0;
  for (const [i, pair] of pairs.entries()) {
    const length = sources[pair]! + targets[pair]!;
    if (numTokens + length > maxTokens) {
      starts.push(i);
      numTokens = 0;
    }
    numTokens += length;
  }
  starts.push(pairs.length);
  return { pairs, starts };
}
