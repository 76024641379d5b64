/**
 * Probability that a standard normal variable is above `z`: ½ erfc(z / √2), with a relative error below 1e-13 up to where it
 * underflows. Near 0 by the series of the distribution, in the tail by Laplace's continued fraction of Mills' ratio
 * (Abramowitz and Stegun 26.2.11 and 26.2.14).
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return z < 2 ? 0.5 - density * series(z) : density / millsDenominator(z);
}

/** z + z³ / 3 + z⁵ / (3 · 5) + … */
function series(z: number): number {
  let term = z;
  let sum = 0;
  for (let odd = 3; sum + term !== sum; odd += 2) {
    sum += term;
    term *= (z * z) / odd;
  }
  return sum;
}

/** z + 1 / (z + 2 / (z + 3 / (z + …))), from the inside; from z = 2 on 200 levels are more than enough. */
function millsDenominator(z: number): number {
  let value = z;
  for (let level = 200; level >= 1; level--) value = z + level / value;
  return value;
}
