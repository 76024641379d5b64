import type { Operations } from '../../backend/backend.ts';
import type { WeightDType } from '../../backend/dtype.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { alignedBytes } from './heap.ts';
import { linearNeedsPrepare, linearPackedBytes, linearScratchBytes } from './matrix-layout.ts';
import { DTYPE_CODES } from './matrix-transfer.ts';
import { OP_EMBED, OP_LINEAR, OP_LINEAR_PREPARE } from './opcodes.ts';
import { checkDistinct, numRows, type Operands } from './operands.ts';

/** The operations on weight matrices: checks the operands, then records the commands. */
export function linearOperations(recorder: CommandRecorder, operands: Operands): Pick<Operations, 'linear' | 'embed'> {
  return {
    linear(output, input, weight, bias) {
      const op = 'run linear';
      const matrix = operands.memory.matrix(op, weight);
      const { dtype, rows: outputs, columns: inputs } = matrix;
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, inputs);
      const offsets = bias && operands.floats(op, 'bias', bias, outputs);
      const to = operands.floats(op, 'output', output, rows * outputs);
      checkDistinct(op, to, from, offsets);
      if (rows === 0) return;

      const { bytes, isPacked, packedBytes, threadBytes } = linearScratch(
        dtype,
        rows,
        inputs,
        outputs,
        recorder.numThreads,
      );
      const scratch = operands.memory.scratch(bytes);
      if (isPacked) recorder.record(OP_LINEAR_PREPARE, from.address, scratch, rows, inputs);
      const operandWords = [to.address, from.address, matrix.address, offsets?.address ?? 0] as const;
      const sizeWords = [rows, inputs, outputs, DTYPE_CODES[dtype]] as const;
      const scratchWords = [scratch + packedBytes, threadBytes, isPacked ? scratch : 0] as const;
      recorder.record(OP_LINEAR, ...operandWords, ...sizeWords, ...scratchWords);
    },

    embed(output, table, ids) {
      const op = 'run embed';
      const matrix = operands.memory.matrix(op, table);
      const { dtype, rows, columns } = matrix;
      const at = operands.ints(op, 'ids', ids);
      const to = operands.floats(op, 'output', output, at.length * columns);
      if (at.length === 0) return;
      const code = DTYPE_CODES[dtype];
      recorder.record(OP_EMBED, to.address, matrix.address, at.address, at.length, rows, columns, code);
    },
  };
}

/** Scratch bytes of a linear layer: the packed input, if it is packed, and what each thread needs. */
export function linearScratch(dtype: WeightDType, rows: number, inputs: number, outputs: number, numThreads: number) {
  const isPacked = linearNeedsPrepare(rows, inputs, outputs, dtype);
  const packedBytes = isPacked ? alignedBytes(linearPackedBytes(rows, inputs)) : 0;
  const threadBytes = alignedBytes(linearScratchBytes(dtype, rows, inputs));
  return { isPacked, packedBytes, threadBytes, bytes: packedBytes + threadBytes * numThreads };
}
