import type { TrainingOperations } from '../../backend/backend.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { alignedBytes } from './heap.ts';
import { formatCode } from './matrix-layout.ts';
import {
  OP_ADD_WEIGHT_GRADIENT,
  OP_MULTIPLY_TRANSPOSED,
  OP_PACK_INPUT,
  OP_PACK_ROWS,
  OP_PACK_TRANSPOSED,
} from './opcodes.ts';
import { checkDistinct, checkPositive, numRows, type Operands } from './operands.ts';

type LinearGradientOperations = Pick<TrainingOperations, 'packMatrix' | 'linearInputGradient' | 'linearWeightGradient'>;

/** Columns of a panel of assembly/product-tile.ts. */
const PANEL = 12;
/** Whole panels of every weight layout. */
const GROUP = 24;
/** Most rows of a weight that one chain of an input gradient runs over, and the most bytes that they take transposed. */
const MAX_CHAIN = 85 * GROUP;
const MAX_PANEL_BYTES = 32 * 2 ** 20;
/** Tokens that one chain of a weight gradient runs over. */
const TOKEN_BLOCK = 256;
/** Output columns that a thread transposes at once: STRIP of assembly/linear-gradient.ts. */
const STRIP = 48;

/** The gradients of `linear`: checks the operands, then records a packing and a product for each block of the sum. */
export function linearGradientOperations(recorder: CommandRecorder, operands: Operands): LinearGradientOperations {
  return {
    packMatrix(matrix, values) {
      const op = 'run packMatrix';
      const { matrix: to, dtype } = operands.memory.floatMatrix(op, matrix);
      const { rows, columns, address } = to;
      const from = operands.floats(op, 'values', values, rows * columns);
      const codes = [formatCode('float32'), formatCode(dtype)] as const;
      recorder.record(OP_PACK_ROWS, address, from.address, rows, columns, 0, rows, ...codes);
    },

    linearInputGradient(inputGrad, outputGrad, weight) {
      const op = 'run linearInputGradient';
      const matrix = operands.memory.matrix(op, weight);
      const { format, rows: outputs, columns } = matrix;
      const from = operands.floats(op, 'outputGrad', outputGrad);
      const tokens = numRows(op, 'outputGrad', from, outputs);
      const to = operands.floats(op, 'inputGrad', inputGrad, tokens * columns);
      checkDistinct(op, to, from);
      if (tokens === 0) return;
      const panels = operands.memory.scratch(inputGradientScratchBytes(outputs, columns));
      const chain = chainRows(columns);
      for (let first = 0; first < outputs; first += chain) {
        const count = Math.min(chain, outputs - first);
        recorder.record(OP_PACK_TRANSPOSED, panels, matrix.address, columns, first, count, formatCode(format));
        const adds = first > 0 ? 1 : 0;
        const addresses = [to.address, from.address, panels] as const;
        recorder.record(OP_MULTIPLY_TRANSPOSED, ...addresses, tokens, outputs, first, count, columns, adds);
      }
    },

    linearWeightGradient(weightGrad, outputGrad, input, { rows: outputs, columns }) {
      const op = 'run linearWeightGradient';
      checkPositive(op, 'rows', outputs);
      const x = operands.floats(op, 'input', input);
      const tokens = numRows(op, 'input', x, columns);
      const grad = operands.floats(op, 'outputGrad', outputGrad, tokens * outputs);
      const to = operands.floats(op, 'weightGrad', weightGrad, outputs * columns);
      checkDistinct(op, to, grad, x);
      if (tokens === 0) return;
      const { panelBytes, stripBytes } = weightGradientScratch(tokens, columns);
      const panels = operands.memory.scratch(panelBytes + recorder.numThreads * stripBytes);
      const strips = panels + panelBytes;
      for (let token = 0; token < tokens; token += TOKEN_BLOCK) {
        const count = Math.min(TOKEN_BLOCK, tokens - token);
        recorder.record(OP_PACK_INPUT, panels, x.address + token * columns * 4, count, columns);
        const addresses = [to.address, grad.address + token * outputs * 4, panels] as const;
        recorder.record(OP_ADD_WEIGHT_GRADIENT, ...addresses, count, columns, outputs, strips, stripBytes);
      }
    },
  };
}

/** Scratch bytes of `linearInputGradient`: a block of the weight, transposed. */
export function inputGradientScratchBytes(outputs: number, columns: number): number {
  const rows = Math.min(chainRows(columns), padded(outputs, GROUP));
  return rows * padded(columns, PANEL) * 4;
}

/** Scratch bytes of `linearWeightGradient`: a block of the input in panels, and a strip of the output gradient a thread. */
export function weightGradientScratchBytes(tokens: number, columns: number, numThreads: number): number {
  const { panelBytes, stripBytes } = weightGradientScratch(tokens, columns);
  return tokens === 0 ? 0 : panelBytes + numThreads * stripBytes;
}

function weightGradientScratch(tokens: number, columns: number) {
  const count = Math.min(TOKEN_BLOCK, tokens);
  return {
    panelBytes: alignedBytes(count * padded(columns, PANEL) * 4),
    stripBytes: alignedBytes(STRIP * (padded(count, 4) * 4 + 64)),
  };
}

/** Rows of a weight that one chain runs over: whole groups, fewer where they are long. */
function chainRows(columns: number): number {
  const groups = Math.floor(MAX_PANEL_BYTES / (padded(columns, PANEL) * 4 * GROUP));
  return Math.min(MAX_CHAIN, Math.max(1, groups) * GROUP);
}

function padded(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}
