// The gradients of the nonlinearities, alone and gated. Plain multiplications and additions: the same bits on every
// machine. Whole vectors may be read and written past the last element (elementwise.ts).

import {
  activation, exponentialOfSquare, GELU, GELU_TANH, normalTail, QUICK_GELU, RELU, SIGMOID, SILU, TANH,
} from './activation';
import { expOfNegative } from './exp';
import { firstElement } from './lanes';

/** inputGrad = outputGrad · activation′(input) */
export function activateGradient(
  inputGrad: usize, outputGrad: usize, input: usize, length: i32, kind: i32, thread: i32, threads: i32,
): void {
  const begin = <usize>firstElement(length, thread, threads) << 2;
  const end = inputGrad + (<usize>firstElement(length, thread + 1, threads) << 2);
  const to = inputGrad + begin;
  const grad = outputGrad + begin;
  const x = input + begin;
  switch (kind) {
    case RELU: return map(RELU, to, grad, x, end);
    case GELU: return map(GELU, to, grad, x, end);
    case GELU_TANH: return map(GELU_TANH, to, grad, x, end);
    case SILU: return map(SILU, to, grad, x, end);
    case QUICK_GELU: return map(QUICK_GELU, to, grad, x, end);
    case TANH: return map(TANH, to, grad, x, end);
    case SIGMOID: return map(SIGMOID, to, grad, x, end);
    default: unreachable();
  }
}

/** gateGrad = outputGrad · activation′(gate) · up, upGrad = outputGrad · activation(gate) */
export function gateGradient(
  gateGrad: usize, upGrad: usize, outputGrad: usize, gate: usize, up: usize, length: i32, kind: i32,
  thread: i32, threads: i32,
): void {
  const begin = <usize>firstElement(length, thread, threads) << 2;
  const end = gateGrad + (<usize>firstElement(length, thread + 1, threads) << 2);
  const toGate = gateGrad + begin;
  const toUp = upGrad + begin;
  const grad = outputGrad + begin;
  const x = gate + begin;
  const factor = up + begin;
  switch (kind) {
    case RELU: return mapGate(RELU, toGate, toUp, grad, x, factor, end);
    case GELU: return mapGate(GELU, toGate, toUp, grad, x, factor, end);
    case GELU_TANH: return mapGate(GELU_TANH, toGate, toUp, grad, x, factor, end);
    case SILU: return mapGate(SILU, toGate, toUp, grad, x, factor, end);
    case QUICK_GELU: return mapGate(QUICK_GELU, toGate, toUp, grad, x, factor, end);
    case TANH: return mapGate(TANH, toGate, toUp, grad, x, factor, end);
    case SIGMOID: return mapGate(SIGMOID, toGate, toUp, grad, x, factor, end);
    default: unreachable();
  }
}

// @ts-ignore: decorator
@inline
function map(kind: i32, inputGrad: usize, outputGrad: usize, input: usize, end: usize): void {
  for (; inputGrad < end; inputGrad += 16, outputGrad += 16, input += 16) {
    v128.store(inputGrad, f32x4.mul(v128.load(outputGrad), slope(kind, v128.load(input))));
  }
}

// @ts-ignore: decorator
@inline
function mapGate(
  kind: i32, gateGrad: usize, upGrad: usize, outputGrad: usize, gate: usize, up: usize, end: usize,
): void {
  for (; gateGrad < end; gateGrad += 16, upGrad += 16, outputGrad += 16, gate += 16, up += 16) {
    const grad = v128.load(outputGrad);
    const x = v128.load(gate);
    const factor = v128.load(up);
    v128.store(gateGrad, f32x4.mul(f32x4.mul(grad, slope(kind, x)), factor));
    v128.store(upGrad, f32x4.mul(grad, activation(kind, x)));
  }
}

// @ts-ignore: decorator
@inline
function slope(kind: i32, x: v128): v128 {
  switch (kind) {
    case RELU: return v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.splat(1));
    case GELU: return geluSlope(x);
    case GELU_TANH: return geluTanhSlope(x);
    case SILU: return scaledSigmoidSlope(x, x);
    case QUICK_GELU: return quickGeluSlope(x);
    case TANH: return f32x4.mul(f32x4.splat(4), sigmoidSlope(f32x4.mul(x, f32x4.splat(2))));
    default: return sigmoidSlope(x);
  }
}

/** σ′(x) = e / (1 + e)², e = e^(−|x|): nothing cancels. tanh′(x) is 4 σ′(2x). */
// @ts-ignore: decorator
@inline
function sigmoidSlope(x: v128): v128 {
  const e = expOfNegative(f32x4.neg(f32x4.abs(x)));
  const factor = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
  return f32x4.mul(f32x4.mul(e, factor), factor);
}

/** σ(u) + v · σ′(u): the slope of x · σ(u), v = x · u′. */
// @ts-ignore: decorator
@inline
function scaledSigmoidSlope(u: v128, v: v128): v128 {
  const one = f32x4.splat(1);
  const e = expOfNegative(f32x4.neg(f32x4.abs(u)));
  const factor = f32x4.div(one, f32x4.add(one, e));
  const lower = f32x4.mul(e, factor);
  const value = v128.bitselect(lower, factor, f32x4.lt(u, f32x4.splat(0)));
  return f32x4.add(value, f32x4.mul(v, f32x4.mul(lower, factor)));
}

/** x, or where |x| is larger, ±`limit`: there σ′ is exactly 0 already, and nothing overflows. NaN stays NaN. */
// @ts-ignore: decorator
@inline
function bounded(x: v128, limit: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-limit)), f32x4.splat(limit));
}

/** Of x · σ(1.702x). */
// @ts-ignore: decorator
@inline
function quickGeluSlope(x: v128): v128 {
  const u = f32x4.mul(bounded(x, 100), f32x4.splat(1.702));
  return scaledSigmoidSlope(u, u);
}

/** Of x · σ(2u), u = √(2/π) · (x + 0.044715 x³). */
// @ts-ignore: decorator
@inline
function geluTanhSlope(x: v128): v128 {
  const near = bounded(x, 16);
  const square = f32x4.mul(f32x4.mul(near, near), f32x4.splat(0.044715));
  const line = f32x4.mul(near, f32x4.splat(1.5957691216057308));
  const one = f32x4.splat(1);
  const twice = f32x4.mul(line, f32x4.add(one, square));
  return scaledSigmoidSlope(twice, f32x4.mul(line, f32x4.add(one, f32x4.mul(square, f32x4.splat(3)))));
}

/** Φ(x) + x · φ(x), φ(x) = e^(−x²/2) / √(2π) */
// @ts-ignore: decorator
@inline
function geluSlope(x: v128): v128 {
  const e = exponentialOfSquare(x);
  const lower = normalTail(x, e);
  const value = v128.bitselect(lower, f32x4.sub(f32x4.splat(1), lower), f32x4.lt(x, f32x4.splat(0)));
  return f32x4.add(value, f32x4.mul(f32x4.mul(x, e), f32x4.splat(0.3989422804014327)));
}
