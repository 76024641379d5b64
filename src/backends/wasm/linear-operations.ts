import type { Operations } from '../../backend/backend.ts';
import type { WeightDType } from '../../backend/dtype.ts';
import type { QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { alignedBytes } from './heap.ts';
import { formatCode, threadScratchBytes } from './matrix-layout.ts';
import { OP_EMBED, OP_LINEAR, OP_LINEAR_QUANTIZED, OP_QUANTIZE_INPUT } from './opcodes.ts';
import { activationCode, checkDistinct, numRows, type Operands } from './operands.ts';
import { quantizedScratch } from './quantized-layout.ts';

/** Addresses and sizes of a linear layer. */
interface Product {
  readonly output: number;
  readonly input: number;
  readonly weight: number;
  /** 0: none. */
  readonly bias: number;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  /** As the kernels number them; −1: none. */
  readonly activation: number;
  /** 0: none. */
  readonly addend: number;
}

/** The operations on weight matrices: checks the operands, then records the commands. */
export function linearOperations(recorder: CommandRecorder, operands: Operands): Pick<Operations, 'linear' | 'embed'> {
  return {
    linear(output, input, weight, bias, { activation, addend } = {}) {
      const op = 'run linear';
      const matrix = operands.memory.matrix(op, weight);
      const { format, rows: outputs, columns: inputs } = matrix;
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, inputs);
      const offsets = bias && operands.floats(op, 'bias', bias, outputs);
      const to = operands.floats(op, 'output', output, rows * outputs);
      const more = addend && operands.floats(op, 'addend', addend, to.length);
      checkDistinct(op, to, from, offsets, more);
      if (rows === 0) return;
      const product = {
        output: to.address,
        input: from.address,
        weight: matrix.address,
        bias: offsets?.address ?? 0,
        rows,
        inputs,
        outputs,
        activation: activation === undefined ? -1 : activationCode(op, activation),
        addend: more?.address ?? 0,
      };
      if (typeof format === 'string') recordFloats(recorder, operands, product, format);
      else recordQuantized(recorder, operands, product, format);
    },

    embed(output, table, ids) {
      const op = 'run embed';
      const matrix = operands.memory.matrix(op, table);
      const { format, rows, columns } = matrix;
      const at = operands.ints(op, 'ids', ids);
      const to = operands.floats(op, 'output', output, at.length * columns);
      if (at.length === 0) return;
      const code = formatCode(format);
      recorder.record(OP_EMBED, to.address, matrix.address, at.address, at.length, rows, columns, code);
    },
  };
}

function recordFloats(recorder: CommandRecorder, operands: Operands, product: Product, dtype: WeightDType): void {
  const { output, input, weight, bias, rows, inputs, outputs, activation, addend } = product;
  const threadBytes = alignedBytes(threadScratchBytes(dtype, rows, inputs));
  const scratch = operands.memory.scratch(threadBytes * recorder.numThreads);
  const code = formatCode(dtype);
  const sizes = [rows, inputs, outputs, code] as const;
  const at = recorder.record(OP_LINEAR, output, input, weight, bias, ...sizes, scratch, threadBytes, activation);
  recorder.setInt(at, 12, addend);
}

/** Quantises the input into scratch memory, and multiplies what is there. */
function recordQuantized(
  recorder: CommandRecorder,
  operands: Operands,
  product: Product,
  scheme: QuantizationScheme,
): void {
  const { output, input, weight, bias, rows, inputs, outputs, activation, addend } = product;
  const parts = quantizedScratch(scheme, { rows, inputs, threads: recorder.numThreads });
  const codes = operands.memory.scratch(parts.bytes);
  const [scales, totals, threads] = [codes + parts.scales, codes + parts.totals, codes + parts.threads];
  const limit = scheme.bits === 8 ? 63 : 127;
  recorder.record(OP_QUANTIZE_INPUT, codes, scales, totals, input, rows, inputs, limit, threads, parts.threadBytes);
  const sizes = [rows, inputs, outputs, formatCode(scheme)] as const;
  const at = recorder.record(OP_LINEAR_QUANTIZED, output, codes, scales, totals, weight, bias, ...sizes, threads);
  recorder.setInt(at, 12, parts.threadBytes);
  recorder.setInt(at, 13, activation);
  recorder.setInt(at, 14, addend);
}
