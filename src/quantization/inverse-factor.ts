/**
 * U, upper triangular (n × n), with (H + d·I)⁻¹ = Uᵀ · U: what GPTQ takes from the Hessian H, which is symmetric; d is `damping` times
 * the mean of its diagonal. H + d·I is factored from its last row up as R · Rᵀ with R upper triangular, so that U = R⁻¹ and no inverse
 * is formed. In float64. Throws a `RangeError` for an H that is not positive definite even so: one of zeros, or not a Hessian.
 */
export function inverseFactor(hessian: Float64Array, n: number, damping: number): Float64Array {
  const factor = Float64Array.from(hessian);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += hessian[i * n + i]!;
  for (let i = 0; i < n; i++) factor[i * n + i]! += (damping * trace) / n;
  factorUpwards(factor, n);
  invertUpper(factor, n);
  return factor;
}

/** Overwrites the upper triangle with R, and the lower with zeros. */
function factorUpwards(a: Float64Array, n: number): void {
  for (let k = n - 1; k >= 0; k--) {
    const pivot = a[k * n + k]!;
    if (!(pivot > 0) || !Number.isFinite(pivot))
      throw new RangeError(
        'Cannot quantise: the calibration gives no positive definite Hessian; use more text, or more damping',
      );
    const root = Math.sqrt(pivot);
    // Column k of R: a[i][k] / root, for i ≤ k. By symmetry it is read from row k.
    for (let i = 0; i < k; i++) a[i * n + k] = a[k * n + i]! / root;
    a[k * n + k] = root;
    for (let i = 0; i < k; i++) {
      const left = a[i * n + k]!;
      // Only the lower triangle of what is left is kept up to date.
      for (let j = 0; j <= i; j++) a[i * n + j]! -= left * a[j * n + k]!;
    }
  }
  for (let i = 0; i < n; i++) a.fill(0, i * n, i * n + i);
}

/** Overwrites an upper triangular matrix with its inverse, row by row from the last. */
function invertUpper(r: Float64Array, n: number): void {
  const row = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    // Row i of R · U = I: U[i] = (e_i − Σ_{k>i} R[i][k] · U[k]) / R[i][i].
    row.fill(0);
    row[i] = 1;
    for (let k = i + 1; k < n; k++) {
      const value = r[i * n + k]!;
      if (value === 0) continue;
      for (let j = k; j < n; j++) row[j]! -= value * r[k * n + j]!;
    }
    const pivot = r[i * n + i]!;
    for (let j = i; j < n; j++) r[i * n + j] = row[j]! / pivot;
  }
}
