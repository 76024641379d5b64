/** Softmax over rows of `columns`; a row of −∞ alone gives zeros. */
export function softmax(output: Float32Array, input: Float32Array, columns: number): void {
  for (let start = 0; start < input.length; start += columns) {
    const row = input.subarray(start, start + columns);
    const { largest, sum } = normalizerOf(row);
    for (let c = 0; c < columns; c++) output[start + c] = sum === 0 ? 0 : Math.exp(row[c]! - largest) / sum;
  }
}

/** Logarithm of the softmax over rows of `columns`; a row of −∞ alone stays −∞. */
export function logSoftmax(output: Float32Array, input: Float32Array, columns: number): void {
  for (let start = 0; start < input.length; start += columns) {
    const row = input.subarray(start, start + columns);
    const normalizer = normalizerOf(row);
    for (let c = 0; c < columns; c++) output[start + c] = logProbOf(row[c]!, normalizer);
  }
}

/** output (T): the log-softmax of row t of logits (T, V) at ids[t]. */
export function tokenLogProbs(output: Float32Array, logits: Float32Array, ids: Int32Array, columns: number): void {
  for (let t = 0; t < ids.length; t++) {
    const row = logits.subarray(t * columns, (t + 1) * columns);
    output[t] = logProbOf(row[ids[t]!]!, normalizerOf(row));
  }
}

/** output (T): log Σ exp(x) of each row of `columns`. */
export function logSumExp(output: Float32Array, input: Float32Array, columns: number): void {
  for (let t = 0; t < output.length; t++) {
    const { largest, sum } = normalizerOf(input.subarray(t * columns, (t + 1) * columns));
    output[t] = largest === Number.POSITIVE_INFINITY ? largest : largest + Math.log(sum);
  }
}

/** The denominator of a softmax, `sum` · e^`largest`, in two parts so that nothing overflows. */
export interface Normalizer {
  readonly largest: number;
  /** Σ e^(x − largest); 0 for a row of −∞ alone. */
  readonly sum: number;
}

export function normalizerOf(row: Float32Array): Normalizer {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of row) largest = Math.max(largest, x);
  if (largest === Number.NEGATIVE_INFINITY) return { largest, sum: 0 };
  let sum = 0;
  for (const x of row) sum += Math.exp(x - largest);
  return { largest, sum };
}

function logProbOf(logit: number, { largest, sum }: Normalizer): number {
  return sum === 0 ? Number.NEGATIVE_INFINITY : logit - largest - Math.log(sum);
}
