import type { CrossEntropyOptions, TrainingOperations } from '../../backend/backend.ts';
import { attentionGradientOperations } from './attention-gradient-operations.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { DeviceMemory } from './device-memory.ts';
import { linearGradientOperations } from './linear-gradient-operations.ts';
import { normGradientOperations } from './norm-gradient-operations.ts';
import {
  OP_ACTIVATE_GRADIENT,
  OP_CROSS_ENTROPY,
  OP_CROSS_ENTROPY_GRADIENT,
  OP_DROPOUT,
  OP_GATE_GRADIENT,
  OP_LOG_SOFTMAX_GRADIENT,
  OP_PAD_COLUMNS,
  OP_SCALE,
  OP_SCATTER_ADD_ROWS,
  OP_SOFTMAX_GRADIENT,
} from './opcodes.ts';
import { activationCode, checkDistinct, checkFraction, fail, numRows, Operands } from './operands.ts';
import { optimizerOperations } from './optimizer-operations.ts';

/** Every operation of training: checks the operands, then records the commands. */
export function wasmTrainingOperations(recorder: CommandRecorder, memory: DeviceMemory): TrainingOperations {
  const operands = new Operands(memory);

  const rowwise = (op: string, opcode: number): TrainingOperations['softmaxGradient'] => {
    return (inputGrad, outputGrad, output, columns) => {
      const y = operands.floats(op, 'output', output);
      const rows = numRows(op, 'output', y, columns);
      const grad = operands.floats(op, 'outputGrad', outputGrad, y.length);
      const to = operands.floats(op, 'inputGrad', inputGrad, y.length);
      checkDistinct(op, to, y);
      if (rows > 0) recorder.record(opcode, to.address, grad.address, y.address, rows, columns);
    };
  };

  const checkOptions = (op: string, { smoothing, zLoss }: CrossEntropyOptions): void => {
    checkFraction(op, 'smoothing', smoothing);
    if (!Number.isFinite(zLoss)) fail(op, `zLoss is ${zLoss}, wanted a finite number`);
  };

  return {
    ...linearGradientOperations(recorder, operands),
    ...normGradientOperations(recorder, operands),
    ...attentionGradientOperations(recorder, operands),
    ...optimizerOperations(recorder, operands),

    scatterAddRows(output, input, indices, columns) {
      const op = 'run scatterAddRows';
      const to = operands.floats(op, 'output', output);
      numRows(op, 'output', to, columns);
      const at = operands.ints(op, 'indices', indices);
      const from = operands.floats(op, 'input', input, at.length * columns);
      checkDistinct(op, to, from);
      if (at.length > 0) recorder.record(OP_SCATTER_ADD_ROWS, to.address, from.address, at.address, at.length, columns);
    },
    padColumns(output, input, { columns, start, width }) {
      const op = 'run padColumns';
      if (!(start >= 0 && width >= 0 && start + width <= columns)) {
        fail(op, `columns ${start} to ${start + width}, but the output has ${columns}`);
      }
      const to = operands.floats(op, 'output', output);
      const rows = numRows(op, 'output', to, columns);
      const from = operands.floats(op, 'input', input, rows * width);
      checkDistinct(op, to, from);
      if (rows > 0) recorder.record(OP_PAD_COLUMNS, to.address, from.address, rows, columns, start, width);
    },

    activateGradient(inputGrad, outputGrad, input, activation) {
      const op = 'run activateGradient';
      const x = operands.floats(op, 'input', input);
      const grad = operands.floats(op, 'outputGrad', outputGrad, x.length);
      const to = operands.floats(op, 'inputGrad', inputGrad, x.length);
      checkDistinct(op, to, x);
      const code = activationCode(op, activation);
      if (x.length > 0) recorder.record(OP_ACTIVATE_GRADIENT, to.address, grad.address, x.address, x.length, code);
    },
    gateGradient(gateGrad, upGrad, outputGrad, gate, up, activation) {
      const op = 'run gateGradient';
      const x = operands.floats(op, 'gate', gate);
      const { length } = x;
      const factors = operands.floats(op, 'up', up, length);
      const grad = operands.floats(op, 'outputGrad', outputGrad, length);
      const toGate = operands.floats(op, 'gateGrad', gateGrad, length);
      const toUp = operands.floats(op, 'upGrad', upGrad, length);
      checkDistinct(op, toGate, toUp, x, factors);
      checkDistinct(op, toUp, x, factors);
      const code = activationCode(op, activation);
      if (length === 0) return;
      const inputs = [grad.address, x.address, factors.address] as const;
      recorder.record(OP_GATE_GRADIENT, toGate.address, toUp.address, ...inputs, length, code);
    },

    softmaxGradient: rowwise('run softmaxGradient', OP_SOFTMAX_GRADIENT),
    logSoftmaxGradient: rowwise('run logSoftmaxGradient', OP_LOG_SOFTMAX_GRADIENT),

    crossEntropy(losses, logits, ids, columns, options) {
      const op = 'run crossEntropy';
      checkOptions(op, options);
      const from = operands.floats(op, 'logits', logits);
      const rows = numRows(op, 'logits', from, columns);
      const targets = operands.ints(op, 'ids', ids, rows);
      const to = operands.floats(op, 'losses', losses, rows);
      checkDistinct(op, to, from);
      if (rows === 0) return;
      const at = recorder.record(OP_CROSS_ENTROPY, to.address, from.address, targets.address, rows, columns);
      recorder.setReal(at, 6, options.smoothing);
      recorder.setReal(at, 7, options.zLoss);
    },
    crossEntropyGradient(logitGrad, lossGrads, logits, ids, columns, options) {
      const op = 'run crossEntropyGradient';
      checkOptions(op, options);
      const from = operands.floats(op, 'logits', logits);
      const rows = numRows(op, 'logits', from, columns);
      const targets = operands.ints(op, 'ids', ids, rows);
      const grads = operands.floats(op, 'lossGrads', lossGrads, rows);
      const to = operands.floats(op, 'logitGrad', logitGrad, from.length);
      checkDistinct(op, to, grads);
      if (rows === 0) return;
      const inputs = [grads.address, from.address, targets.address] as const;
      const at = recorder.record(OP_CROSS_ENTROPY_GRADIENT, to.address, ...inputs, rows, columns);
      recorder.setReal(at, 7, options.smoothing);
      recorder.setReal(at, 8, options.zLoss);
    },

    dropout(output, input, { seed, rate }) {
      const op = 'run dropout';
      if (!(rate >= 0 && rate < 1)) fail(op, `rate is ${rate}, wanted at least 0 and less than 1`);
      const from = operands.floats(op, 'input', input);
      const { address, length } = operands.floats(op, 'output', output, from.length);
      if (length === 0) return;
      // A hash, an integer, is at least rate · 2³² where it is more than the integer below.
      const bound = Math.ceil(rate * 2 ** 32) - 1;
      const at =
        bound < 0
          ? recorder.record(OP_SCALE, address, from.address, 0, length)
          : recorder.record(OP_DROPOUT, address, from.address, length, seed, bound);
      recorder.setReal(at, bound < 0 ? 3 : 6, 1 / (1 - rate));
    },
  };
}
