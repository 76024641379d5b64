// output (rows, outputs) = activation(input (rows, inputs) · weightᵀ + bias) + addend. Every thread calls with its own number
// and computes a range of outputs of all rows.
//
// A product is one chain of multiply-adds over k = 0 … K − 1 from zero, then come the bias, the activation and the addend: the
// same bits for any number of rows and threads, and with 16-bit weights those of the float32 kernel on the widened weights.

import { linearFew } from './linear-few';
import { FLOAT32, manyRows, PANEL } from './linear-layout';
import { linearWiden } from './linear-widen';
import { multiplyPanels } from './product-panels';

/** `bias` and `addend` are 0 for none, `kind` is NO_ACTIVATION; `scratch` is the thread's own. */
export function linear(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, kind: i32, addend: usize, thread: i32, threads: i32,
): void {
  if (rows == 0) return;
  if (rows < manyRows(dtype)) {
    linearFew(output, input, weight, bias, rows, inputs, outputs, dtype, scratch, kind, addend, thread, threads);
  } else if (dtype == FLOAT32) {
    multiplyPanels(
      output, input, <usize>inputs << 2, weight, <usize>inputs * (PANEL * 4), rows, inputs, outputs, bias, 0,
      kind, addend, thread, threads,
    );
  } else {
    linearWiden(output, input, weight, bias, rows, inputs, outputs, dtype, scratch, kind, addend, thread, threads);
  }
}
