/** The value below which the share `p` of `values` lies, between neighbours by straight line. */
export function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

export function median(values) {
  return quantile(values, 0.5);
}

export function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}
