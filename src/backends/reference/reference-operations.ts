import type { Operations } from '../../backend/backend.ts';
import { attentionOperations } from './attention-operations.ts';
import { activate, gate } from './kernels/activation.ts';
import { argmax } from './kernels/argmax.ts';
import { add, multiply, scale } from './kernels/arithmetic.ts';
import { draw } from './kernels/draw.ts';
import { embed } from './kernels/embed.ts';
import { linear } from './kernels/linear.ts';
import { linearQuantized } from './kernels/linear-quantized.ts';
import { layerNorm, rmsNorm } from './kernels/norm.ts';
import { rotate } from './kernels/rotate.ts';
import { gatherRows, sliceColumns } from './kernels/rows.ts';
import { logSoftmax, logSumExp, softmax, tokenLogProbs } from './kernels/softmax.ts';
import { topK } from './kernels/top-k.ts';
import { Operands } from './operands.ts';
import type { ReferenceMemory } from './reference-memory.ts';
import { ReferenceQuantizedMatrix } from './reference-quantized-matrix.ts';

/** Every operation of the contract: checks the operands, then calls the kernel of the same name. */
export function referenceOperations(memory: ReferenceMemory): Operations {
  const operandsOf = (op: keyof Operations) => new Operands(memory, op);

  const elementwise = (op: 'add' | 'multiply', kernel: typeof add): Operations['add'] => {
    return (output, a, b) => {
      const operands = operandsOf(op);
      const left = operands.floats('a', a);
      const right = operands.floats('b', b);
      if (left.length > 0) operands.numRows('a', left.length, right.length);
      if (output === b && right.length !== left.length) operands.fail('the output is also the shorter input');
      kernel(operands.floats('output', output, left.length), left, right);
    };
  };

  const rowwise = (op: 'softmax' | 'logSoftmax', kernel: typeof softmax): Operations['softmax'] => {
    return (output, input, columns) => {
      const operands = operandsOf(op);
      const rows = operands.floats('input', input);
      operands.numRows('input', rows.length, columns);
      kernel(operands.floats('output', output, rows.length), rows, columns);
    };
  };

  return {
    copy(output, input) {
      const operands = operandsOf('copy');
      if (output.dtype !== input.dtype) operands.fail(`output is ${output.dtype}, wanted ${input.dtype}`);
      const from = operands.elements('input', input);
      operands.elements('output', output, from.length).set(from);
    },
    fill(output, value) {
      operandsOf('fill').elements('output', output).fill(value);
    },
    add: elementwise('add', add),
    multiply: elementwise('multiply', multiply),
    scale(output, input, factor) {
      const operands = operandsOf('scale');
      const from = operands.floats('input', input);
      scale(operands.floats('output', output, from.length), from, factor);
    },
    activate(output, input, activation) {
      const operands = operandsOf('activate');
      const from = operands.floats('input', input);
      activate(operands.floats('output', output, from.length), from, activation);
    },
    gate(output, gates, up, activation) {
      const operands = operandsOf('gate');
      const from = operands.floats('gate', gates);
      const { length } = from;
      gate(operands.floats('output', output, length), from, operands.floats('up', up, length), activation);
    },

    linear(output, input, weight, bias, { activation, addend } = {}) {
      const operands = operandsOf('linear');
      operands.distinct(output, input, bias, addend);
      const matrix = operands.matrix(weight);
      const from = operands.floats('input', input);
      const numTokens = operands.numRows('input', from.length, matrix.columns);
      const offsets = bias && operands.floats('bias', bias, matrix.rows);
      const to = operands.floats('output', output, numTokens * matrix.rows);
      if (matrix instanceof ReferenceQuantizedMatrix) linearQuantized(to, from, matrix, offsets);
      else linear(to, from, matrix, offsets);
      if (activation !== undefined) activate(to, to, activation);
      if (addend !== undefined) add(to, to, operands.floats('addend', addend, to.length));
    },
    embed(output, table, ids) {
      const operands = operandsOf('embed');
      const matrix = operands.matrix(table);
      const rows = operands.ints('ids', ids, undefined, matrix.rows);
      embed(operands.floats('output', output, rows.length * matrix.columns), matrix, rows);
    },

    layerNorm(output, input, weight, bias, epsilon) {
      const operands = operandsOf('layerNorm');
      const from = operands.floats('input', input);
      const factors = operands.floats('weight', weight);
      operands.numRows('input', from.length, factors.length);
      const offsets = bias && operands.floats('bias', bias, factors.length);
      operands.distinct(output, weight, bias);
      layerNorm(operands.floats('output', output, from.length), from, factors, offsets, epsilon);
    },
    rmsNorm(output, input, weight, epsilon) {
      const operands = operandsOf('rmsNorm');
      const from = operands.floats('input', input);
      const factors = operands.floats('weight', weight);
      operands.numRows('input', from.length, factors.length);
      operands.distinct(output, weight);
      rmsNorm(operands.floats('output', output, from.length), from, factors, epsilon);
    },

    rotate(output, input, cosines, sines, shape) {
      const operands = operandsOf('rotate');
      operands.distinct(output, cosines, sines);
      const { heads, headSize, rotarySize } = shape;
      if (rotarySize % 2 !== 0 || rotarySize < 0 || rotarySize > headSize) {
        operands.fail(`rotarySize is ${rotarySize}, wanted an even number of at most ${headSize}`);
      }
      const from = operands.floats('input', input);
      const numAngles = (operands.numRows('input', from.length, heads * headSize) * rotarySize) / 2;
      const cos = operands.floats('cosines', cosines, numAngles);
      const sin = operands.floats('sines', sines, numAngles);
      rotate(operands.floats('output', output, from.length), from, cos, sin, shape);
    },

    sliceColumns(output, input, shape) {
      const operands = operandsOf('sliceColumns');
      operands.distinct(output, input);
      const { columns, start, width } = shape;
      if (!(start >= 0 && width >= 0 && start + width <= columns)) {
        operands.fail(`columns ${start} to ${start + width}, but the input has ${columns}`);
      }
      const from = operands.floats('input', input);
      const numRows = operands.numRows('input', from.length, columns);
      sliceColumns(operands.floats('output', output, numRows * width), from, shape);
    },
    gatherRows(output, input, indices, columns) {
      const operands = operandsOf('gatherRows');
      operands.distinct(output, input);
      const from = operands.floats('input', input);
      const numRows = operands.numRows('input', from.length, columns);
      const rows = operands.ints('indices', indices, undefined, numRows);
      gatherRows(operands.floats('output', output, rows.length * columns), from, rows, columns);
    },

    softmax: rowwise('softmax', softmax),
    logSoftmax: rowwise('logSoftmax', logSoftmax),
    tokenLogProbs(output, logits, ids, columns) {
      const operands = operandsOf('tokenLogProbs');
      operands.distinct(output, logits);
      const from = operands.floats('logits', logits);
      const numRows = operands.numRows('logits', from.length, columns);
      const chosen = operands.ints('ids', ids, numRows, columns);
      tokenLogProbs(operands.floats('output', output, numRows), from, chosen, columns);
    },
    argmax(indices, values, input, columns) {
      const operands = operandsOf('argmax');
      operands.distinct(values, input);
      const from = operands.floats('input', input);
      const numRows = operands.numRows('input', from.length, columns);
      argmax(operands.ints('indices', indices, numRows), operands.floats('values', values, numRows), from, columns);
    },
    topK(indices, values, input, shape) {
      const operands = operandsOf('topK');
      operands.distinct(values, input);
      const { columns, count } = shape;
      const from = operands.floats('input', input);
      const numRows = operands.numRows('input', from.length, columns);
      operands.positive('count', count);
      if (count > columns) operands.fail(`count is ${count}, wanted at most ${columns} columns`);
      const to = operands.floats('values', values, numRows * count);
      topK(operands.ints('indices', indices, to.length), to, from, shape);
    },
    logSumExp(output, input, columns) {
      const operands = operandsOf('logSumExp');
      operands.distinct(output, input);
      const from = operands.floats('input', input);
      const numRows = operands.numRows('input', from.length, columns);
      logSumExp(operands.floats('output', output, numRows), from, columns);
    },
    draw(indices, values, weights, uniforms, { columns, minP }) {
      const operands = operandsOf('draw');
      operands.distinct(values, weights, uniforms);
      const from = operands.floats('weights', weights);
      const numRows = operands.numRows('weights', from.length, columns);
      const at = operands.floats('uniforms', uniforms, numRows);
      const places = operands.ints('indices', indices, numRows);
      draw(places, operands.floats('values', values, numRows), from, at, { columns, minP: Math.fround(minP) });
    },

    ...attentionOperations(memory),
  };
}
