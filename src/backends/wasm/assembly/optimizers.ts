// The steps of AdamW and of gradient descent with momentum, in place. Whole vectors may be read and written past the last
// element (elementwise.ts).

import { madd } from './fma';
import { firstElement } from './lanes';

// Four lanes each of: all bits but the sign, and the largest denormal.
const TABLE = memory.data<u32>([
  0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff,
  0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff,
], 16);

/** What a step of AdamW multiplies with (../optimizer-operations.ts). */
// @ts-ignore: decorator
@unmanaged
export class AdamWCommand {
  opcode: i32;
  parameter: usize;
  firstMoment: usize;
  secondMoment: usize;
  gradient: usize;
  length: i32;
  gradientScale: f32;
  /** β₁ and 1 − β₁. */
  beta1: f32;
  newShare1: f32;
  /** β₂ and 1 − β₂. */
  beta2: f32;
  newShare2: f32;
  /** 1 − learningRate · weightDecay */
  decay: f32;
  /** learningRate / (1 − β₁ᵗ) */
  stepSize: f32;
  /** 1 / (1 − β₂ᵗ) */
  correction2: f32;
  epsilon: f32;
}

/**
 * m = β₁ m + (1 − β₁) g, v = β₂ v + (1 − β₂) g²,
 * parameter = parameter · decay − stepSize · m / (√(v · correction2) + epsilon).
 */
export function adamWStep(c: AdamWCommand, thread: i32, threads: i32): void {
  const scale = f32x4.splat(c.gradientScale);
  const beta1 = f32x4.splat(c.beta1), newShare1 = f32x4.splat(c.newShare1);
  const beta2 = f32x4.splat(c.beta2), newShare2 = f32x4.splat(c.newShare2);
  const decay = f32x4.splat(c.decay), stepSize = f32x4.splat(c.stepSize);
  const correction2 = f32x4.splat(c.correction2), epsilon = f32x4.splat(c.epsilon);
  let at = <usize>firstElement(c.length, thread, threads) << 2;
  for (const end = <usize>firstElement(c.length, thread + 1, threads) << 2; at < end; at += 16) {
    const g = f32x4.mul(v128.load(c.gradient + at), scale);
    const m = withoutDenormals(madd(beta1, v128.load(c.firstMoment + at), f32x4.mul(newShare1, g)));
    const v = withoutDenormals(madd(beta2, v128.load(c.secondMoment + at), f32x4.mul(f32x4.mul(newShare2, g), g)));
    v128.store(c.firstMoment + at, m);
    v128.store(c.secondMoment + at, v);
    const change = f32x4.div(f32x4.mul(stepSize, m), f32x4.add(f32x4.sqrt(f32x4.mul(v, correction2)), epsilon));
    v128.store(c.parameter + at, f32x4.sub(f32x4.mul(v128.load(c.parameter + at), decay), change));
  }
}

/** What a step of gradient descent multiplies with. */
// @ts-ignore: decorator
@unmanaged
export class SgdCommand {
  opcode: i32;
  parameter: usize;
  velocity: usize;
  gradient: usize;
  length: i32;
  gradientScale: f32;
  weightDecay: f32;
  momentum: f32;
  learningRate: f32;
}

/** velocity = momentum · velocity + g, parameter −= learningRate · velocity, g = scaled gradient + weightDecay · parameter. */
export function sgdStep(c: SgdCommand, thread: i32, threads: i32): void {
  const scale = f32x4.splat(c.gradientScale), weightDecay = f32x4.splat(c.weightDecay);
  const momentum = f32x4.splat(c.momentum), learningRate = f32x4.splat(c.learningRate);
  let at = <usize>firstElement(c.length, thread, threads) << 2;
  for (const end = <usize>firstElement(c.length, thread + 1, threads) << 2; at < end; at += 16) {
    const p = v128.load(c.parameter + at);
    const g = madd(weightDecay, p, f32x4.mul(v128.load(c.gradient + at), scale));
    const v = withoutDenormals(madd(momentum, v128.load(c.velocity + at), g));
    v128.store(c.velocity + at, v);
    v128.store(c.parameter + at, f32x4.sub(p, f32x4.mul(learningRate, v)));
  }
}

/**
 * Denormals as zeros. The moments of a parameter without gradients shrink with every step, and would stay denormal, which
 * is slow, for hundreds of steps.
 */
// @ts-ignore: decorator
@inline
function withoutDenormals(x: v128): v128 {
  return v128.and(x, i32x4.gt_s(v128.and(x, v128.load(TABLE)), v128.load(TABLE, 16)));
}
