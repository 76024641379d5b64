import type { TrainingOperations } from '../../backend/backend.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { OP_ADD_PARTIALS, OP_LAYER_NORM_GRADIENT, OP_RMS_NORM_GRADIENT, OP_SUM_ROW_BLOCKS } from './opcodes.ts';
import { checkDistinct, numRows, type Operands } from './operands.ts';

type NormGradientOperations = Pick<TrainingOperations, 'addRowSum' | 'layerNormGradient' | 'rmsNormGradient'>;

/** Rows whose sum is one partial sum: ROW_BLOCK of assembly/row-sums.ts. */
const ROW_BLOCK = 64;

/** The operations that end in sums over rows: checks the operands, then records the sums of blocks and what adds them up. */
export function normGradientOperations(recorder: CommandRecorder, operands: Operands): NormGradientOperations {
  const normGradient = (op: string, opcode: number): TrainingOperations['layerNormGradient'] => {
    return (inputGrad, parameterGrads, outputGrad, input, weight, epsilon) => {
      const x = operands.floats(op, 'input', input);
      const factors = operands.floats(op, 'weight', weight);
      const columns = factors.length;
      const rows = numRows(op, 'input', x, columns);
      const grad = operands.floats(op, 'outputGrad', outputGrad, x.length);
      const to = operands.floats(op, 'inputGrad', inputGrad, x.length);
      const { weightGrad, biasGrad } = parameterGrads;
      const toWeight = weightGrad && operands.floats(op, 'weightGrad', weightGrad, columns);
      const toBias = biasGrad && operands.floats(op, 'biasGrad', biasGrad, columns);
      checkDistinct(op, to, grad, x, factors, toWeight, toBias);
      if (toWeight) checkDistinct(op, toWeight, grad, x, factors, toBias);
      if (toBias) checkDistinct(op, toBias, grad, x, factors);
      if (rows === 0) return;

      const isTrained = toWeight !== undefined || toBias !== undefined;
      const partials = isTrained ? operands.memory.scratch(normGradientScratchBytes(rows, columns)) : 0;
      const addresses = [to.address, partials, grad.address, x.address, factors.address] as const;
      recorder.setReal(recorder.record(opcode, ...addresses, rows, columns), 8, epsilon);
      const [blocks, bytes] = [Math.ceil(rows / ROW_BLOCK), columns * 4];
      if (toWeight) recorder.record(OP_ADD_PARTIALS, toWeight.address, partials, blocks, 2 * bytes, columns);
      if (toBias) recorder.record(OP_ADD_PARTIALS, toBias.address, partials + bytes, blocks, 2 * bytes, columns);
    };
  };
  const rmsNormGradient = normGradient('run rmsNormGradient', OP_RMS_NORM_GRADIENT);

  return {
    addRowSum(output, input) {
      const op = 'run addRowSum';
      const to = operands.floats(op, 'output', output);
      const from = operands.floats(op, 'input', input);
      const columns = to.length;
      const rows = numRows(op, 'input', from, columns);
      checkDistinct(op, to, from);
      if (rows === 0) return;
      const partials = operands.memory.scratch(rowSumScratchBytes(rows, columns));
      recorder.record(OP_SUM_ROW_BLOCKS, partials, from.address, rows, columns);
      recorder.record(OP_ADD_PARTIALS, to.address, partials, Math.ceil(rows / ROW_BLOCK), columns * 4, columns);
    },
    layerNormGradient: normGradient('run layerNormGradient', OP_LAYER_NORM_GRADIENT),
    rmsNormGradient: (inputGrad, { weightGrad }, ...rest) =>
      rmsNormGradient(inputGrad, { weightGrad, biasGrad: undefined }, ...rest),
  };
}

/** Scratch bytes of `addRowSum`: partial sums. */
export function rowSumScratchBytes(rows: number, columns: number): number {
  return Math.ceil(rows / ROW_BLOCK) * columns * 4;
}

/** Scratch bytes of the gradient of a norm with parameters to train: partial sums of two. */
export function normGradientScratchBytes(rows: number, columns: number): number {
  return 2 * rowSumScratchBytes(rows, columns);
}
