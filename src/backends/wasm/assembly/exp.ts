// e^x after Cody & Waite (1980) with the polynomial of Cephes' expf: x = n·ln 2 + r, |r| ≤ ln 2 / 2, e^x = 2ⁿ·p(r).
// Plain multiplications and additions: within 1 unit in the last place, and the same bits on every machine.
//
// The constants come from memory: newer V8 would build a literal anew at every use.

// Four lanes each of: lowest x, log₂ e, 1.5·2²³ (adding it rounds to an integer in the low bits), ln 2 in two parts, and
// the coefficients of p from the highest power on.
const TABLE = memory.data<f32>([
  -87.0, -87.0, -87.0, -87.0,
  1.44269504088896341, 1.44269504088896341, 1.44269504088896341, 1.44269504088896341,
  12582912.0, 12582912.0, 12582912.0, 12582912.0,
  0.693359375, 0.693359375, 0.693359375, 0.693359375,
  -2.12194440e-4, -2.12194440e-4, -2.12194440e-4, -2.12194440e-4,
  1.9875691500e-4, 1.9875691500e-4, 1.9875691500e-4, 1.9875691500e-4,
  1.3981999507e-3, 1.3981999507e-3, 1.3981999507e-3, 1.3981999507e-3,
  8.3334519073e-3, 8.3334519073e-3, 8.3334519073e-3, 8.3334519073e-3,
  4.1665795894e-2, 4.1665795894e-2, 4.1665795894e-2, 4.1665795894e-2,
  1.6666665459e-1, 1.6666665459e-1, 1.6666665459e-1, 1.6666665459e-1,
  5.0000001201e-1, 5.0000001201e-1, 5.0000001201e-1, 5.0000001201e-1,
  1.0, 1.0, 1.0, 1.0,
], 16);

/** e^x for x ≤ 0. Below −87 it is exactly 0, so that no result is denormal: those are slow. NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function expOfNegative(x: v128): v128 {
  const lowest = v128.load(TABLE);
  const clamped = f32x4.pmax(x, lowest);
  const shifted = shiftedExponent(clamped);
  const result = scaledPolynomial(remainder(clamped, shifted), shifted);
  return v128.andnot(result, f32x4.lt(x, lowest));
}

/** e^(x + low) for −87 ≤ x ≤ 0 and a `low` that is small beside x: the low half of a sum that float32 cannot hold. */
// @ts-ignore: decorator
@inline
export function expOfSum(x: v128, low: v128): v128 {
  const shifted = shiftedExponent(x);
  return scaledPolynomial(f32x4.add(remainder(x, shifted), low), shifted);
}

// n + 1.5·2²³, n the integer nearest to x / ln 2
// @ts-ignore: decorator
@inline
function shiftedExponent(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, v128.load(TABLE, 16)), v128.load(TABLE, 32));
}

// @ts-ignore: decorator
@inline
function remainder(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, v128.load(TABLE, 32));
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, v128.load(TABLE, 48))), f32x4.mul(n, v128.load(TABLE, 64)));
}

// @ts-ignore: decorator
@inline
function scaledPolynomial(r: v128, shifted: v128): v128 {
  let p = f32x4.add(f32x4.mul(v128.load(TABLE, 80), r), v128.load(TABLE, 96));
  p = f32x4.add(f32x4.mul(p, r), v128.load(TABLE, 112));
  p = f32x4.add(f32x4.mul(p, r), v128.load(TABLE, 128));
  p = f32x4.add(f32x4.mul(p, r), v128.load(TABLE, 144));
  p = f32x4.add(f32x4.mul(p, r), v128.load(TABLE, 160));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), v128.load(TABLE, 176));
  return i32x4.add(p, i32x4.shl(shifted, 23)); // the low bits of `shifted` are n: adds n to the exponent
}
