import type { TrainingOperations } from '../../backend/backend.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { OP_ADAMW_STEP, OP_SGD_STEP, OP_SQUARE_PIECES, OP_SUM_PIECES } from './opcodes.ts';
import { checkDistinct, checkPositive, type Operands } from './operands.ts';

type OptimizerOperations = Pick<TrainingOperations, 'sumOfSquares' | 'adamWStep' | 'sgdStep'>;

/** Elements whose squares are one partial sum: PIECE of assembly/sum-of-squares.ts. */
const PIECE = 4096;

/** The steps of the optimizers: checks the operands, works out the factors in float64, then records the commands. */
export function optimizerOperations(recorder: CommandRecorder, operands: Operands): OptimizerOperations {
  return {
    sumOfSquares(output, input) {
      const op = 'run sumOfSquares';
      const from = operands.floats(op, 'input', input);
      const to = operands.floats(op, 'output', output, 1);
      checkDistinct(op, to, from);
      const partials = operands.memory.scratch(sumOfSquaresScratchBytes(from.length));
      if (from.length > 0) recorder.record(OP_SQUARE_PIECES, partials, from.address, from.length);
      recorder.record(OP_SUM_PIECES, to.address, partials, Math.ceil(from.length / PIECE));
    },

    adamWStep(parameter, firstMoment, secondMoment, gradient, options) {
      const op = 'run adamWStep';
      const { learningRate, beta1, beta2, epsilon, weightDecay, gradientScale, step } = options;
      checkPositive(op, 'step', step);
      const p = operands.floats(op, 'parameter', parameter);
      const m = operands.floats(op, 'firstMoment', firstMoment, p.length);
      const v = operands.floats(op, 'secondMoment', secondMoment, p.length);
      const g = operands.floats(op, 'gradient', gradient, p.length);
      checkDistinct(op, p, m, v, g);
      checkDistinct(op, m, v, g);
      checkDistinct(op, v, g);
      if (p.length === 0) return;
      const at = recorder.record(OP_ADAMW_STEP, p.address, m.address, v.address, g.address, p.length);
      const shares = [beta1, 1 - beta1, beta2, 1 - beta2];
      const stepSize = learningRate / (1 - beta1 ** step);
      const factors = [1 - learningRate * weightDecay, stepSize, 1 / (1 - beta2 ** step), epsilon];
      for (const [i, value] of [gradientScale, ...shares, ...factors].entries()) recorder.setReal(at, 6 + i, value);
    },

    sgdStep(parameter, velocity, gradient, { learningRate, momentum, weightDecay, gradientScale }) {
      const op = 'run sgdStep';
      const p = operands.floats(op, 'parameter', parameter);
      const v = operands.floats(op, 'velocity', velocity, p.length);
      const g = operands.floats(op, 'gradient', gradient, p.length);
      checkDistinct(op, p, v, g);
      checkDistinct(op, v, g);
      if (p.length === 0) return;
      const at = recorder.record(OP_SGD_STEP, p.address, v.address, g.address, p.length);
      const factors = [gradientScale, weightDecay, momentum, learningRate];
      for (const [i, value] of factors.entries()) recorder.setReal(at, 5 + i, value);
    },
  };
}

/** Scratch bytes of `sumOfSquares`: a float64 of each piece. */
export function sumOfSquaresScratchBytes(length: number): number {
  return Math.ceil(length / PIECE) * 8;
}
