import type { Cut } from './cut.ts';

/**
 * The cut that keeps the `count` highest logits. `heap` (count) is scratch: a min-heap of the highest values seen so far, so
 * that a row of V in random order costs V comparisons and about count · ln(V / count) replacements.
 */
export function rankCut(logits: Float32Array, count: number, heap: Float32Array = new Float32Array(count)): Cut {
  heap.fill(Number.NEGATIVE_INFINITY);
  let smallest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > smallest) {
      replaceSmallest(heap, logit);
      smallest = heap[0]!;
    }
  }
  let numAbove = 0;
  for (let i = 0; i < count; i++) if (heap[i]! > smallest) numAbove++;
  return { value: smallest, numEqual: count - numAbove };
}

function replaceSmallest(heap: Float32Array, value: number): void {
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = value;
}
