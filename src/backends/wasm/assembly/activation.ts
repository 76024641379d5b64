// The nonlinearities, alone and gated. Plain multiplications and additions: the same bits on every machine. Whole vectors
// may be read and written past the last element (elementwise.ts).

import { expOfNegative, expOfSum } from './exp';
import { firstElement } from './lanes';

// The order of ACTIVATIONS in backend.ts.
export const RELU: i32 = 0;
export const GELU: i32 = 1;
export const GELU_TANH: i32 = 2;
export const SILU: i32 = 3;
export const QUICK_GELU: i32 = 4;
export const TANH: i32 = 5;
export const SIGMOID: i32 = 6;

export function activate(output: usize, input: usize, length: i32, kind: i32, thread: i32, threads: i32): void {
  const begin = <usize>firstElement(length, thread, threads) << 2;
  const end = output + (<usize>firstElement(length, thread + 1, threads) << 2);
  const to = output + begin;
  const from = input + begin;
  switch (kind) {
    case RELU: return map(RELU, to, from, end);
    case GELU: return map(GELU, to, from, end);
    case GELU_TANH: return map(GELU_TANH, to, from, end);
    case SILU: return map(SILU, to, from, end);
    case QUICK_GELU: return map(QUICK_GELU, to, from, end);
    case TANH: return map(TANH, to, from, end);
    case SIGMOID: return map(SIGMOID, to, from, end);
    default: unreachable();
  }
}

/** output = activation(gate) · up */
export function gate(
  output: usize, gate: usize, up: usize, length: i32, kind: i32, thread: i32, threads: i32,
): void {
  const begin = <usize>firstElement(length, thread, threads) << 2;
  const end = output + (<usize>firstElement(length, thread + 1, threads) << 2);
  const to = output + begin;
  const from = gate + begin;
  const factor = up + begin;
  switch (kind) {
    case RELU: return mapGate(RELU, to, from, factor, end);
    case GELU: return mapGate(GELU, to, from, factor, end);
    case GELU_TANH: return mapGate(GELU_TANH, to, from, factor, end);
    case SILU: return mapGate(SILU, to, from, factor, end);
    case QUICK_GELU: return mapGate(QUICK_GELU, to, from, factor, end);
    case TANH: return mapGate(TANH, to, from, factor, end);
    case SIGMOID: return mapGate(SIGMOID, to, from, factor, end);
    default: unreachable();
  }
}

// @ts-ignore: decorator
@inline
function map(kind: i32, output: usize, input: usize, end: usize): void {
  for (; output < end; output += 16, input += 16) v128.store(output, activation(kind, v128.load(input)));
}

// @ts-ignore: decorator
@inline
function mapGate(kind: i32, output: usize, gate: usize, up: usize, end: usize): void {
  for (; output < end; output += 16, gate += 16, up += 16) {
    v128.store(output, f32x4.mul(activation(kind, v128.load(gate)), v128.load(up)));
  }
}

// @ts-ignore: decorator
@inline
export function activation(kind: i32, x: v128): v128 {
  switch (kind) {
    case RELU: return f32x4.pmax(x, f32x4.splat(0)); // NaN stays NaN
    case GELU: return gelu(x);
    case GELU_TANH: return geluTanh(x);
    case SILU: return f32x4.mul(x, sigmoid(x));
    case QUICK_GELU: return f32x4.mul(x, sigmoid(f32x4.mul(x, f32x4.splat(1.702))));
    case TANH: return tanh(x);
    default: return sigmoid(x);
  }
}

/** σ(x) = 1 / (1 + e⁻ˣ), or eˣ / (1 + eˣ) for negative x, so that nothing overflows. */
// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = expOfNegative(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

/** x/2 · (1 + tanh u) = x · σ(2u), u = √(2/π) · (x + 0.044715 x³) */
// @ts-ignore: decorator
@inline
function geluTanh(x: v128): v128 {
  const square = f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.044715));
  const twice = f32x4.mul(f32x4.mul(x, f32x4.splat(1.5957691216057308)), f32x4.add(f32x4.splat(1), square));
  return f32x4.mul(x, sigmoid(twice));
}

/** (1 − e) / (1 + e), e = e^(−2|x|); near zero, where that cancels, the polynomial of Cephes' tanhf. */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const one = f32x4.splat(1);
  const magnitude = f32x4.abs(x);
  const e = expOfNegative(f32x4.mul(magnitude, f32x4.splat(-2)));
  const far = f32x4.div(f32x4.sub(one, e), f32x4.add(one, e));
  const s = f32x4.mul(x, x);
  let p = f32x4.add(f32x4.mul(f32x4.splat(-5.70498872745e-3), s), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-3.33332819422e-1));
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, s), magnitude), magnitude);
  const positive = v128.bitselect(near, far, f32x4.lt(magnitude, f32x4.splat(0.625)));
  return v128.or(positive, v128.and(x, i32x4.splat(0x80000000)));
}

// e^(z²)·erfc(z) / t as a polynomial in t − 0.58849555, t = 1 / (1 + z/2), 0 ≤ z ≤ 9.3: interpolated at Chebyshev nodes,
// relative error 5e-8. From the highest power on, four lanes each.
const ERFC = memory.data<f32>([
  -0.05916161835193634, -0.05916161835193634, -0.05916161835193634, -0.05916161835193634,
  0.0066045308485627174, 0.0066045308485627174, 0.0066045308485627174, 0.0066045308485627174,
  0.11233934760093689, 0.11233934760093689, 0.11233934760093689, 0.11233934760093689,
  -0.04676739126443863, -0.04676739126443863, -0.04676739126443863, -0.04676739126443863,
  -0.2053314596414566, -0.2053314596414566, -0.2053314596414566, -0.2053314596414566,
  0.07824672013521194, 0.07824672013521194, 0.07824672013521194, 0.07824672013521194,
  0.5889344215393066, 0.5889344215393066, 0.5889344215393066, 0.5889344215393066,
  0.7890074849128723, 0.7890074849128723, 0.7890074849128723, 0.7890074849128723,
  0.5760693550109863, 0.5760693550109863, 0.5760693550109863, 0.5760693550109863,
], 16);

/** x · Φ(x) */
// @ts-ignore: decorator
@inline
function gelu(x: v128): v128 {
  const lower = normalTail(x, exponentialOfSquare(x));
  const one = f32x4.splat(1);
  return f32x4.mul(x, v128.bitselect(lower, f32x4.sub(one, lower), f32x4.lt(x, f32x4.splat(0))));
}

/** e^(−x²/2) = e^(−z²), z = |x| / √2; exactly 0 from z² = 83 on, where x · Φ(x) would come near the denormals. */
// @ts-ignore: decorator
@inline
export function exponentialOfSquare(x: v128): v128 {
  const magnitude = f32x4.mul(f32x4.abs(x), f32x4.splat(0.7071067811865476));
  const isFar = f32x4.gt(magnitude, f32x4.splat(9.11));
  const z = f32x4.pmin(magnitude, f32x4.splat(9.11));
  // z² = h² + (z − h)(z + h), h the upper half of z's bits, whose square is exact
  const h = v128.and(z, i32x4.splat(0xfffff000));
  const low = f32x4.mul(f32x4.sub(h, z), f32x4.add(z, h));
  return v128.andnot(expOfSum(f32x4.neg(f32x4.mul(h, h)), low), isFar);
}

/** Φ(−|x|) = erfc(z) / 2, z = |x| / √2, given `e` = e^(−z²). */
// @ts-ignore: decorator
@inline
export function normalTail(x: v128, e: v128): v128 {
  const one = f32x4.splat(1);
  const z = f32x4.pmin(f32x4.mul(f32x4.abs(x), f32x4.splat(0.7071067811865476)), f32x4.splat(9.11));
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(z, f32x4.splat(0.5))));
  const u = f32x4.sub(t, f32x4.splat(0.5884955525398254));
  let p = f32x4.add(f32x4.mul(v128.load(ERFC), u), v128.load(ERFC, 16));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 32));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 48));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 64));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 80));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 96));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 112));
  p = f32x4.add(f32x4.mul(p, u), v128.load(ERFC, 128));
  return f32x4.mul(f32x4.mul(f32x4.mul(p, t), e), f32x4.splat(0.5));
}
