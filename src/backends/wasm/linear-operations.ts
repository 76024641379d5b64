import type { Operations } from '../../backend/backend.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { alignedBytes } from './heap.ts';
import { linearScratchBytes } from './matrix-layout.ts';
import { DTYPE_CODES } from './matrix-transfer.ts';
import { OP_EMBED, OP_LINEAR } from './opcodes.ts';
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

      const threadBytes = alignedBytes(linearScratchBytes(dtype, rows, inputs));
      const scratch = operands.memory.scratch(threadBytes * recorder.numThreads);
      const operandWords = [to.address, from.address, matrix.address, offsets?.address ?? 0] as const;
      const sizeWords = [rows, inputs, outputs, DTYPE_CODES[dtype]] as const;
      recorder.record(OP_LINEAR, ...operandWords, ...sizeWords, scratch, threadBytes);
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
