import type { Operations } from '../../backend/backend.ts';
import { attentionOperations } from './attention-operations.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { DeviceMemory } from './device-memory.ts';
import { linearOperations } from './linear-operations.ts';
import {
  OP_ACTIVATE,
  OP_ADD,
  OP_ARGMAX,
  OP_COPY,
  OP_DRAW,
  OP_FILL,
  OP_GATE,
  OP_GATHER_ROWS,
  OP_LAYER_NORM,
  OP_LOG_SOFTMAX,
  OP_LOG_SUM_EXP,
  OP_MULTIPLY,
  OP_RMS_NORM,
  OP_ROTATE,
  OP_SCALE,
  OP_SLICE_COLUMNS,
  OP_SOFTMAX,
  OP_TOKEN_LOG_PROBS,
  OP_TOP_K,
} from './opcodes.ts';
import { activationCode, checkDistinct, checkPositive, fail, numRows, Operands } from './operands.ts';

/** An index and a value: what a thread finds in its piece of a row (assembly/argmax.ts). */
const ARGMAX_PIECE_BYTES = 8;

/** Every operation of the contract: checks the operands, then records the command of the same name. */
export function wasmOperations(recorder: CommandRecorder, memory: DeviceMemory): Operations {
  const operands = new Operands(memory);

  const elementwise = (op: string, opcode: number): Operations['add'] => {
    return (output, a, b) => {
      const left = operands.floats(op, 'a', a);
      const right = operands.floats(op, 'b', b);
      const to = operands.floats(op, 'output', output, left.length);
      if (left.length === 0) return;
      numRows(op, 'a', left, right.length);
      if (to === right && right.length !== left.length) fail(op, 'the output is also the shorter input');
      recorder.record(opcode, to.address, left.address, right.address, left.length, right.length);
    };
  };

  const rowwise = (op: string, opcode: number): Operations['softmax'] => {
    return (output, input, columns) => {
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, columns);
      const to = operands.floats(op, 'output', output, from.length);
      if (rows > 0) recorder.record(opcode, to.address, from.address, rows, columns);
    };
  };

  return {
    copy(output, input) {
      const op = 'run copy';
      const from = memory.buffer(op, input);
      const to = memory.buffer(op, output);
      if (to.dtype !== from.dtype) fail(op, `output is ${to.dtype}, wanted ${from.dtype}`);
      if (to.length !== from.length) fail(op, `output has ${to.length} elements, wanted ${from.length}`);
      if (to.length > 0) recorder.record(OP_COPY, to.address, from.address, from.byteLength);
    },
    fill(output, value) {
      const to = memory.buffer('run fill', output);
      if (to.length === 0) return;
      const at = recorder.record(OP_FILL, to.address, value, to.length);
      if (to.dtype === 'float32') recorder.setReal(at, 2, value);
    },
    add: elementwise('run add', OP_ADD),
    multiply: elementwise('run multiply', OP_MULTIPLY),
    scale(output, input, factor) {
      const from = operands.floats('run scale', 'input', input);
      const to = operands.floats('run scale', 'output', output, from.length);
      if (from.length === 0) return;
      recorder.setReal(recorder.record(OP_SCALE, to.address, from.address, 0, from.length), 3, factor);
    },
    activate(output, input, activation) {
      const from = operands.floats('run activate', 'input', input);
      const to = operands.floats('run activate', 'output', output, from.length);
      const code = activationCode('run activate', activation);
      if (from.length > 0) recorder.record(OP_ACTIVATE, to.address, from.address, from.length, code);
    },
    gate(output, gate, up, activation) {
      const op = 'run gate';
      const from = operands.floats(op, 'gate', gate);
      const factors = operands.floats(op, 'up', up, from.length);
      const to = operands.floats(op, 'output', output, from.length);
      const code = activationCode(op, activation);
      if (from.length > 0) recorder.record(OP_GATE, to.address, from.address, factors.address, from.length, code);
    },

    ...linearOperations(recorder, operands),

    layerNorm(output, input, weight, bias, epsilon) {
      const op = 'run layerNorm';
      const from = operands.floats(op, 'input', input);
      const factors = operands.floats(op, 'weight', weight);
      const offsets = bias && operands.floats(op, 'bias', bias, factors.length);
      const rows = numRows(op, 'input', from, factors.length);
      const to = operands.floats(op, 'output', output, from.length);
      checkDistinct(op, to, factors, offsets);
      if (rows === 0) return;
      const { address, length } = factors;
      const at = recorder.record(OP_LAYER_NORM, to.address, from.address, address, offsets?.address ?? 0, rows, length);
      recorder.setReal(at, 7, epsilon);
    },
    rmsNorm(output, input, weight, epsilon) {
      const op = 'run rmsNorm';
      const from = operands.floats(op, 'input', input);
      const factors = operands.floats(op, 'weight', weight);
      const rows = numRows(op, 'input', from, factors.length);
      const to = operands.floats(op, 'output', output, from.length);
      checkDistinct(op, to, factors);
      if (rows === 0) return;
      const at = recorder.record(OP_RMS_NORM, to.address, from.address, factors.address, rows, factors.length);
      recorder.setReal(at, 6, epsilon);
    },

    rotate(output, input, cosines, sines, { heads, headSize, rotarySize, interleaved }) {
      const op = 'run rotate';
      if (rotarySize % 2 !== 0 || !(rotarySize >= 0 && rotarySize <= headSize)) {
        fail(op, `rotarySize is ${rotarySize}, wanted an even number of at most ${headSize}`);
      }
      const from = operands.floats(op, 'input', input);
      const tokens = numRows(op, 'input', from, heads * headSize);
      const c = operands.floats(op, 'cosines', cosines, (tokens * rotarySize) / 2);
      const s = operands.floats(op, 'sines', sines, c.length);
      const to = operands.floats(op, 'output', output, from.length);
      checkDistinct(op, to, c, s);
      if (tokens === 0) return;
      const [y, x, order] = [to.address, from.address, interleaved ? 1 : 0];
      recorder.record(OP_ROTATE, y, x, c.address, s.address, tokens, heads, headSize, rotarySize, order);
    },

    sliceColumns(output, input, { columns, start, width }) {
      const op = 'run sliceColumns';
      if (!(start >= 0 && width >= 0 && start + width <= columns)) {
        fail(op, `columns ${start} to ${start + width}, but the input has ${columns}`);
      }
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, columns);
      const to = operands.floats(op, 'output', output, rows * width);
      checkDistinct(op, to, from);
      if (to.length > 0) recorder.record(OP_SLICE_COLUMNS, to.address, from.address, rows, columns, start, width);
    },
    gatherRows(output, input, indices, columns) {
      const op = 'run gatherRows';
      const from = operands.floats(op, 'input', input);
      numRows(op, 'input', from, columns);
      const at = operands.ints(op, 'indices', indices);
      const to = operands.floats(op, 'output', output, at.length * columns);
      checkDistinct(op, to, from);
      if (at.length > 0) recorder.record(OP_GATHER_ROWS, to.address, from.address, at.address, at.length, columns);
    },

    softmax: rowwise('run softmax', OP_SOFTMAX),
    logSoftmax: rowwise('run logSoftmax', OP_LOG_SOFTMAX),
    tokenLogProbs(output, logits, ids, columns) {
      const op = 'run tokenLogProbs';
      const from = operands.floats(op, 'logits', logits);
      const rows = numRows(op, 'logits', from, columns);
      const chosen = operands.ints(op, 'ids', ids, rows);
      const to = operands.floats(op, 'output', output, rows);
      checkDistinct(op, to, from);
      if (rows > 0) recorder.record(OP_TOKEN_LOG_PROBS, to.address, from.address, chosen.address, rows, columns);
    },
    argmax(indices, values, input, columns) {
      const op = 'run argmax';
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, columns);
      const places = operands.ints(op, 'indices', indices, rows);
      const largest = operands.floats(op, 'values', values, rows);
      checkDistinct(op, largest, from);
      if (rows === 0) return;
      const threads = recorder.numThreads;
      const scratch = rows < threads ? memory.scratch(rows * threads * ARGMAX_PIECE_BYTES) : 0;
      recorder.record(OP_ARGMAX, places.address, largest.address, from.address, rows, columns, scratch);
    },
    topK(indices, values, input, { columns, count }) {
      const op = 'run topK';
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, columns);
      checkPositive(op, 'count', count);
      if (count > columns) fail(op, `count is ${count}, wanted at most ${columns} columns`);
      const places = operands.ints(op, 'indices', indices, rows * count);
      const largest = operands.floats(op, 'values', values, rows * count);
      checkDistinct(op, largest, from);
      if (rows > 0) recorder.record(OP_TOP_K, places.address, largest.address, from.address, rows, columns, count);
    },
    logSumExp(output, input, columns) {
      const op = 'run logSumExp';
      const from = operands.floats(op, 'input', input);
      const rows = numRows(op, 'input', from, columns);
      const to = operands.floats(op, 'output', output, rows);
      checkDistinct(op, to, from);
      if (rows > 0) recorder.record(OP_LOG_SUM_EXP, to.address, from.address, rows, columns);
    },
    draw(indices, values, weights, uniforms, { columns, minP }) {
      const op = 'run draw';
      const from = operands.floats(op, 'weights', weights);
      const rows = numRows(op, 'weights', from, columns);
      const at = operands.floats(op, 'uniforms', uniforms, rows);
      const places = operands.ints(op, 'indices', indices, rows);
      const drawn = operands.floats(op, 'values', values, rows);
      checkDistinct(op, drawn, from, at);
      if (rows === 0) return;
      const words = [places.address, drawn.address, from.address, at.address, rows, columns, 0] as const;
      recorder.setReal(recorder.record(OP_DRAW, ...words), 7, minP);
    },

    ...attentionOperations(recorder, operands),
  };
}
