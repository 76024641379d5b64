import type { Cut } from './cut.ts';

/**
 * The cut that keeps the `count` highest logits. A min-heap holds the highest values seen so far, so that a row of V in
 * random order costs V comparisons and about count · ln(V / count) replacements.
 */
export function rankCut(logits: Float32Array, count: number): Cut {
  const { length } = logits;
  const heap = new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
  let smallest = Number.NEGATIVE_INFINITY;
  for (let start = 0; start < length; start += 4) {
    // Past the end is undefined, which is not above anything.
    const isAbove =
      logits[start]! > smallest ||
      logits[start + 1]! > smallest ||
      logits[start + 2]! > smallest ||
      logits[start + 3]! > smallest;
    if (!isAbove) continue;
    for (let id = start; id < Math.min(start + 4, length); id++) {
      if (logits[id]! <= smallest) continue;
      replaceSmallest(heap, logits[id]!);
      smallest = heap[0]!;
    }
  }
  const numAbove = heap.reduce((sum, logit) => (logit > smallest ? sum + 1 : sum), 0);
  return { value: smallest, numEqual: count - numAbove };
}

function replaceSmallest(heap: Float32Array, value: number): void {
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
