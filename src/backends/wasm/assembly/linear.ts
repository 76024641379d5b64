// output (rows, outputs) = input (rows, inputs) · weightᵀ + bias. Every thread calls with its own number and computes its
// own range of outputs.
//
// An output is one chain of multiply-adds over k = 0 … K − 1 from zero, then the bias: the same bits for any number of
// rows or threads, and for 16-bit weights those of the float32 kernel on the widened weights.

import { gemvBfloat16, gemvFloat16 } from './linear-gemv-16';
import { gemvFloat32 } from './linear-gemv-f32';
import { gemmFloat32, gemmHalf, packInput } from './linear-gemm';
import { BFLOAT16, FLOAT32 } from './linear-layout';

export function linear(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, packed: usize, thread: i32, threads: i32,
): void {
  if (rows == 1) {
    if (dtype == FLOAT32) gemvFloat32(output, input, weight, bias, inputs, outputs, thread, threads);
    else if (dtype == BFLOAT16) gemvBfloat16(output, input, weight, bias, inputs, outputs, thread, threads);
    else gemvFloat16(output, input, weight, bias, inputs, outputs, scratch, thread, threads);
  } else if (dtype == FLOAT32) {
    gemmFloat32(output, input, weight, bias, rows, inputs, outputs, packed, thread, threads);
  } else {
    gemmHalf(output, input, weight, bias, rows, inputs, outputs, dtype, scratch, packed, thread, threads);
  }
}

/** Packs the input for `linear`; a barrier must follow. */
export function linearPrepare(
  input: usize, packed: usize, rows: i32, inputs: i32, thread: i32, threads: i32,
): void {
  packInput(input, packed, rows, inputs, thread, threads);
}
