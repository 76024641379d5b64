import type { Cut } from './cut.ts';

/**
 * The cut that keeps the `count` highest logits. A min-heap holds the highest values seen so far, so that a row of V in
 * random order costs V comparisons and about count · ln(V / count) replacements.
 */
export function rankCut(logits: Float32Array, count: number): Cut {
  const { length } = logits;
  const heap = new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
  const inFours = length - (length % 4);
  for (let id = 0; id < inFours; id += 4) {
    const smallest = heap[0]!;
    // Nearly always false, which the processor learns to expect.
    const isAbove =
      logits[id]! > smallest || logits[id + 1]! > smallest || logits[id + 2]! > smallest || logits[id + 3]! > smallest;
    if (isAbove) for (let i = id; i < id + 4; i++) replaceSmallest(heap, logits[i]!);
  }
  for (let id = inFours; id < length; id++) replaceSmallest(heap, logits[id]!);
  const value = heap[0]!;
  const numAbove = heap.reduce((sum, logit) => (logit > value ? sum + 1 : sum), 0);
  return { value, numEqual: count - numAbove };
}

/** Puts a value above the smallest in its place. */
function replaceSmallest(heap: Float32Array, value: number): void {
  if (value <= heap[0]!) return;
  const { length } = heap;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= length) break;
    if (child + 1 < length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = value;
}
