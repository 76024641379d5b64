import type { CrossEntropyOptions } from '../../../backend/training-operations.ts';
import { type Normalizer, normalizerOf } from './softmax.ts';

/** losses (T): (1 − ε) · −log p[ids[t]] + ε · mean of −log p + z · (log Σ e^logits)². */
export function crossEntropy(
  losses: Float32Array,
  logits: Float32Array,
  ids: Int32Array,
  columns: number,
  { smoothing, zLoss }: CrossEntropyOptions,
): void {
  for (let t = 0; t < ids.length; t++) {
    const row = logits.subarray(t * columns, (t + 1) * columns);
    const logSum = logOf(normalizerOf(row));
    let mean = 0;
    if (smoothing > 0) for (const logit of row) mean += logit / columns;
    const smoothed = smoothing > 0 ? smoothing * (logSum - mean) : 0;
    losses[t] = (1 - smoothing) * (logSum - row[ids[t]!]!) + smoothed + zLoss * logSum ** 2;
  }
}

/** logitGrad = lossGrads[t] · (p · (1 + 2 z · log Σ e^logits) − (1 − ε) · [v = ids[t]] − ε / V). */
export function crossEntropyGradient(
  logitGrad: Float32Array,
  lossGrads: Float32Array,
  { logits, ids, columns }: { readonly logits: Float32Array; readonly ids: Int32Array; readonly columns: number },
  { smoothing, zLoss }: CrossEntropyOptions,
): void {
  for (let t = 0; t < ids.length; t++) {
    const start = t * columns;
    const normalizer = normalizerOf(logits.subarray(start, start + columns));
    const factor = 1 + 2 * zLoss * logOf(normalizer);
    for (let v = 0; v < columns; v++) {
      const p = Math.exp(logits[start + v]! - normalizer.largest) / normalizer.sum;
      const target = (v === ids[t] ? 1 - smoothing : 0) + smoothing / columns;
      logitGrad[start + v] = lossGrads[t]! * (p * factor - target);
    }
  }
}

function logOf({ largest, sum }: Normalizer): number {
  return largest + Math.log(sum);
}
