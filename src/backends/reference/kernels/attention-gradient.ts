import { addendOf, type DenseAttention } from './attention.ts';
import { dot } from './dot.ts';
import { biasIndex } from './position-bias.ts';

/** The operands of attention and the gradients that are filled, all dense. */
export interface AttentionGradientOperands {
  readonly queryGrad: Float32Array; // (Tq, H, D)
  readonly keyGrad: Float32Array; // (Tk, G, D)
  readonly valueGrad: Float32Array; // (Tk, G, D)
  readonly positionBiasGrad?: Float32Array | undefined; // (H, width), added to
  readonly outputGrad: Float32Array; // (Tq, H, D)
  readonly queries: Float32Array;
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/**
 * For each query, with weights p = softmax(q · kⱼ · scale + maskⱼ + biasⱼ), dⱼ = outputGrad · vⱼ and sⱼ = pⱼ · (dⱼ − Σ p d):
 * queryGrad = scale · Σ sⱼ kⱼ; keyGradⱼ += scale · sⱼ q; valueGradⱼ += pⱼ · outputGrad; biasGradⱼ += sⱼ.
 */
export function attentionGradient(operands: AttentionGradientOperands, attention: DenseAttention): void {
  const { spans, heads, kvHeads, headSize, causal, window, positionBias } = attention;
  const keyGrad = new Float64Array(operands.keyGrad.length);
  const valueGrad = new Float64Array(operands.valueGrad.length);
  const biasGrad = new Float64Array(positionBias?.values.length ?? 0);
  operands.queryGrad.fill(0);
  for (const { queryStart, queryLength, keyStart, keyLength } of spans) {
    for (let i = 0; i < queryLength; i++) {
      const row = queryStart + i;
      const own = i + keyLength - queryLength;
      const firstKey = window === undefined ? 0 : Math.max(0, own - window + 1);
      const endKey = causal ? Math.min(keyLength, own + 1) : keyLength;
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads);
        const offsetOf = (j: number) => ((keyStart + j) * kvHeads + kvHead) * headSize;
        const start = (row * heads + head) * headSize;
        const addBiasGrad = (j: number, scoreGrad: number) => {
          if (positionBias !== undefined) biasGrad[biasIndex(positionBias, head, j - own)]! += scoreGrad;
        };
        const addend = addendOf(attention, { row, head, own });
        const sight = { ...attention, start, firstKey, endKey, addendOf: addend, offsetOf };
        addGradients({ keyGrad, valueGrad, addBiasGrad }, operands, sight);
      }
    }
  }
  operands.keyGrad.set(keyGrad);
  operands.valueGrad.set(valueGrad);
  operands.positionBiasGrad?.forEach((before, i, to) => {
    to[i] = before + biasGrad[i]!;
  });
}

interface Sight {
  readonly headSize: number;
  readonly scale: number;
  /** Where the query begins in its array. */
  readonly start: number;
  readonly firstKey: number;
  readonly endKey: number;
  readonly addendOf: (j: number) => number;
  readonly offsetOf: (j: number) => number;
}

interface GradientSums {
  readonly keyGrad: Float64Array;
  readonly valueGrad: Float64Array;
  readonly addBiasGrad: (j: number, scoreGrad: number) => void;
}

function addGradients(
  sums: GradientSums,
  { queryGrad, outputGrad, queries, keys, values }: AttentionGradientOperands,
  { headSize, scale, start, firstKey, endKey, addendOf, offsetOf }: Sight,
): void {
  const seen: { readonly key: number; readonly offset: number; readonly score: number }[] = [];
  for (let j = firstKey; j < endKey; j++) {
    const offset = offsetOf(j);
    const score = dot(queries, start, keys, offset, headSize) * scale + addendOf(j);
    if (score !== Number.NEGATIVE_INFINITY) seen.push({ key: j, offset, score });
  }
  const largest = seen.reduce((most, { score }) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const exponentials = seen.map(({ score }) => Math.exp(score - largest));
  const normalizer = exponentials.reduce((sum, value) => sum + value, 0);
  const weights = exponentials.map((value) => value / normalizer);
  const slopes = seen.map(({ offset }) => dot(outputGrad, start, values, offset, headSize));
  const mean = slopes.reduce((sum, slope, j) => sum + slope * weights[j]!, 0);
  const query = new Float64Array(headSize);
  for (const [j, { key, offset }] of seen.entries()) {
    const slope = weights[j]! * (slopes[j]! - mean);
    sums.addBiasGrad(key, slope);
    const scoreGrad = slope * scale;
    for (let d = 0; d < headSize; d++) {
      query[d]! += scoreGrad * keys[offset + d]!;
      sums.keyGrad[offset + d]! += scoreGrad * queries[start + d]!;
      sums.valueGrad[offset + d]! += weights[j]! * outputGrad[start + d]!;
    }
  }
  queryGrad.set(query, start);
}
