/** Softmax over rows of `columns`; a row of −∞ alone gives zeros. */
export function softmax(output: Float32Array, input: Float32Array, columns: number): void {
  for (let start = 0; start < input.length; start += columns) {
    const row = input.subarray(start, start + columns);
    const normalizer = logSumExp(row);
    const isEmpty = normalizer === Number.NEGATIVE_INFINITY;
    for (let c = 0; c < columns; c++) output[start + c] = isEmpty ? 0 : Math.exp(row[c]! - normalizer);
  }
}

/** Logarithm of the softmax over rows of `columns`; a row of −∞ alone stays −∞. */
export function logSoftmax(output: Float32Array, input: Float32Array, columns: number): void {
  for (let start = 0; start < input.length; start += columns) {
    const row = input.subarray(start, start + columns);
    const normalizer = logSumExp(row);
    for (let c = 0; c < columns; c++) output[start + c] = logProbOf(row[c]!, normalizer);
  }
}

/** output (T): the log-softmax of row t of logits (T, V) at ids[t]. */
export function tokenLogProbs(output: Float32Array, logits: Float32Array, ids: Int32Array, columns: number): void {
  for (let t = 0; t < ids.length; t++) {
    const row = logits.subarray(t * columns, (t + 1) * columns);
    output[t] = logProbOf(row[ids[t]!]!, logSumExp(row));
  }
}

function logProbOf(logit: number, normalizer: number): number {
  return logit === Number.NEGATIVE_INFINITY ? logit : logit - normalizer;
}

/** log Σ e^x, taken from the largest x so that nothing overflows; −∞ for a row of −∞ alone. */
function logSumExp(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of row) largest = Math.max(largest, x);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (const x of row) sum += Math.exp(x - largest);
  return largest + Math.log(sum);
}
