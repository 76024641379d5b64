import { dot } from './dot.ts';

/** One query head, and the keys and values that it looks at; both attention operations are made of calls of `attend`. */
export interface Attending {
  readonly headSize: number;
  readonly scale: number;
  /** The keys in sight, `firstKey … endKey − 1`. */
  readonly firstKey: number;
  readonly endKey: number;
  readonly keys: Float32Array;
  readonly values: Float32Array;
  /** Where key j and value j begin in their arrays. */
  readonly offsetOf: (j: number) => number;
  /** Added to the scaled score of key j; −∞ hides the key. */
  readonly addendOf: (j: number) => number;
}

/**
 * output (D) = Σ softmax(query · keyⱼ · scale + addendⱼ) · valueⱼ over the keys in sight (Vaswani et al. 2017), in order of j;
 * zeros if none is. Keys out of sight are never read.
 */
export function attend(
  output: Float32Array,
  outputStart: number,
  query: Float32Array,
  queryStart: number,
  it: Attending,
) {
  const scores: { readonly offset: number; readonly score: number }[] = [];
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = it.firstKey; j < it.endKey; j++) {
    const offset = it.offsetOf(j);
    const score = dot(query, queryStart, it.keys, offset, it.headSize) * it.scale + it.addendOf(j);
    if (score === Number.NEGATIVE_INFINITY) continue;
    scores.push({ offset, score });
    largest = Math.max(largest, score);
  }

  const sum = new Float64Array(it.headSize); // Σ e^(score − largest) · value
  let normalizer = 0;
  for (const { offset, score } of scores) {
    const weight = Math.exp(score - largest);
    normalizer += weight;
    for (let d = 0; d < it.headSize; d++) sum[d]! += weight * it.values[offset + d]!;
  }
  for (let d = 0; d < it.headSize; d++) output[outputStart + d] = normalizer === 0 ? 0 : sum[d]! / normalizer;
}
