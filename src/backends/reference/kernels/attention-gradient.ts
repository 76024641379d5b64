import type { DenseAttention } from './attention.ts';
import { dot } from './dot.ts';

/** The operands of attention and the gradients that are filled, all dense. */
export interface AttentionGradientOperands {
  readonly queryGrad: Float32Array; // (Tq, H, D)
  readonly keyGrad: Float32Array; // (Tk, G, D)
  readonly valueGrad: Float32Array; // (Tk, G, D)
  readonly outputGrad: Float32Array; // (Tq, H, D)
  readonly queries: Float32Array;
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/**
 * For each query, with weights p = softmax(q · kⱼ · scale + maskⱼ), dⱼ = outputGrad · vⱼ and sⱼ = pⱼ · (dⱼ − Σ p d):
 * queryGrad = scale · Σ sⱼ kⱼ; keyGradⱼ += scale · sⱼ q; valueGradⱼ += pⱼ · outputGrad.
 */
export function attentionGradient(operands: AttentionGradientOperands, attention: DenseAttention): void {
  const { spans, heads, kvHeads, headSize, causal, window, mask } = attention;
  const keyGrad = new Float64Array(operands.keyGrad.length);
  const valueGrad = new Float64Array(operands.valueGrad.length);
  operands.queryGrad.fill(0);
  for (const { queryStart, queryLength, keyStart, keyLength } of spans) {
    for (let i = 0; i < queryLength; i++) {
      const row = queryStart + i;
      const own = i + keyLength - queryLength;
      const firstKey = window === undefined ? 0 : Math.max(0, own - window + 1);
      const endKey = causal ? Math.min(keyLength, own + 1) : keyLength;
      const maskOf = (j: number) => (mask === undefined ? 0 : mask.values[row * mask.width + j]!);
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads);
        const offsetOf = (j: number) => ((keyStart + j) * kvHeads + kvHead) * headSize;
        const start = (row * heads + head) * headSize;
        addGradients({ keyGrad, valueGrad }, operands, { ...attention, start, firstKey, endKey, maskOf, offsetOf });
      }
    }
  }
  operands.keyGrad.set(keyGrad);
  operands.valueGrad.set(valueGrad);
}

interface Sight {
  readonly headSize: number;
  readonly scale: number;
  /** Where the query begins in its array. */
  readonly start: number;
  readonly firstKey: number;
  readonly endKey: number;
  readonly maskOf: (j: number) => number;
  readonly offsetOf: (j: number) => number;
}

function addGradients(
  sums: { readonly keyGrad: Float64Array; readonly valueGrad: Float64Array },
  { queryGrad, outputGrad, queries, keys, values }: AttentionGradientOperands,
  { headSize, scale, start, firstKey, endKey, maskOf, offsetOf }: Sight,
): void {
  const seen: { readonly offset: number; readonly score: number }[] = [];
  for (let j = firstKey; j < endKey; j++) {
    const offset = offsetOf(j);
    const score = dot(queries, start, keys, offset, headSize) * scale + maskOf(j);
    if (score !== Number.NEGATIVE_INFINITY) seen.push({ offset, score });
  }
  const largest = seen.reduce((most, { score }) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const exponentials = seen.map(({ score }) => Math.exp(score - largest));
  const normalizer = exponentials.reduce((sum, value) => sum + value, 0);
  const weights = exponentials.map((value) => value / normalizer);
  const slopes = seen.map(({ offset }) => dot(outputGrad, start, values, offset, headSize));
  const mean = slopes.reduce((sum, slope, j) => sum + slope * weights[j]!, 0);
  const query = new Float64Array(headSize);
  for (const [j, { offset }] of seen.entries()) {
    const scoreGrad = weights[j]! * (slopes[j]! - mean) * scale;
    for (let d = 0; d < headSize; d++) {
      query[d]! += scoreGrad * keys[offset + d]!;
      sums.keyGrad[offset + d]! += scoreGrad * queries[start + d]!;
      sums.valueGrad[offset + d]! += weights[j]! * outputGrad[start + d]!;
    }
  }
  queryGrad.set(query, start);
}
