import type { TrainingOperations } from '../../backend/backend.ts';
import { checkSpans, positionBiasOf } from './attention-operations.ts';
import { activateGradient, gateGradient } from './kernels/activation-gradient.ts';
import { attentionGradient } from './kernels/attention-gradient.ts';
import { crossEntropy, crossEntropyGradient } from './kernels/cross-entropy.ts';
import { dropout } from './kernels/dropout.ts';
import { linearInputGradient, linearWeightGradient } from './kernels/linear-gradient.ts';
import { layerNormGradient, rmsNormGradient } from './kernels/norm-gradient.ts';
import { adamWStep, sgdStep, sumOfSquares } from './kernels/optimizer-steps.ts';
import { addRowSum, padColumns, scatterAddRows } from './kernels/rows-gradient.ts';
import { logSoftmaxGradient, softmaxGradient } from './kernels/softmax-gradient.ts';
import { Operands } from './operands.ts';
import type { ReferenceMemory } from './reference-memory.ts';

/** Every operation of training: checks the operands, then calls the kernel of the same name. */
export function trainingOperations(memory: ReferenceMemory): TrainingOperations {
  const operandsOf = (op: keyof TrainingOperations) => new Operands(memory, op);

  const rowwise = (
    op: 'softmaxGradient' | 'logSoftmaxGradient',
    kernel: typeof softmaxGradient,
  ): TrainingOperations['softmaxGradient'] => {
    return (inputGrad, outputGrad, output, columns) => {
      const operands = operandsOf(op);
      operands.distinct(inputGrad, output);
      const rows = operands.floats('output', output);
      const { length } = rows;
      operands.numRows('output', length, columns);
      const grads = operands.floats('outputGrad', outputGrad, length);
      kernel(operands.floats('inputGrad', inputGrad, length), grads, rows, columns);
    };
  };

  const normGradient = (
    op: 'layerNormGradient' | 'rmsNormGradient',
    kernel: typeof layerNormGradient,
  ): TrainingOperations['layerNormGradient'] => {
    return (inputGrad, { weightGrad, biasGrad }, outputGrad, input, weight, epsilon) => {
      const operands = operandsOf(op);
      const written = [inputGrad, weightGrad, biasGrad].filter((grad) => grad !== undefined);
      for (const [i, grad] of written.entries()) {
        operands.distinct(grad, outputGrad, input, weight, ...written.slice(i + 1));
      }
      const from = operands.floats('input', input);
      const factors = operands.floats('weight', weight);
      const channels = factors.length;
      operands.numRows('input', from.length, channels);
      const grads = {
        weightGrad: weightGrad && operands.floats('weightGrad', weightGrad, channels),
        biasGrad: biasGrad && operands.floats('biasGrad', biasGrad, channels),
      };
      const out = operands.floats('outputGrad', outputGrad, from.length);
      const norm = { input: from, weight: factors, epsilon };
      kernel(operands.floats('inputGrad', inputGrad, from.length), grads, out, norm);
    };
  };

  return {
    packMatrix(matrix, values) {
      const operands = operandsOf('packMatrix');
      const to = operands.matrix(matrix);
      to.pack(operands.floats('values', values, to.rows * to.columns));
    },
    linearInputGradient(inputGrad, outputGrad, weight) {
      const operands = operandsOf('linearInputGradient');
      operands.distinct(inputGrad, outputGrad);
      const matrix = operands.matrix(weight);
      const from = operands.floats('outputGrad', outputGrad);
      const numTokens = operands.numRows('outputGrad', from.length, matrix.rows);
      linearInputGradient(operands.floats('inputGrad', inputGrad, numTokens * matrix.columns), from, matrix);
    },
    linearWeightGradient(weightGrad, outputGrad, input, shape) {
      const operands = operandsOf('linearWeightGradient');
      operands.distinct(weightGrad, outputGrad, input);
      const from = operands.floats('input', input);
      const numTokens = operands.numRows('input', from.length, shape.columns);
      operands.positive('rows', shape.rows);
      const grads = operands.floats('outputGrad', outputGrad, numTokens * shape.rows);
      const to = operands.floats('weightGrad', weightGrad, shape.rows * shape.columns);
      linearWeightGradient(to, grads, from, shape);
    },
    addRowSum(output, input) {
      const operands = operandsOf('addRowSum');
      operands.distinct(output, input);
      const to = operands.floats('output', output);
      const from = operands.floats('input', input);
      operands.numRows('input', from.length, to.length);
      addRowSum(to, from);
    },
    scatterAddRows(output, input, indices, columns) {
      const operands = operandsOf('scatterAddRows');
      operands.distinct(output, input);
      const to = operands.floats('output', output);
      const numRows = operands.numRows('output', to.length, columns);
      const rows = operands.ints('indices', indices, undefined, numRows);
      scatterAddRows(to, operands.floats('input', input, rows.length * columns), rows, columns);
    },
    padColumns(output, input, shape) {
      const operands = operandsOf('padColumns');
      operands.distinct(output, input);
      const { columns, start, width } = shape;
      if (!(start >= 0 && width >= 0 && start + width <= columns)) {
        operands.fail(`columns ${start} to ${start + width}, but the output has ${columns}`);
      }
      const to = operands.floats('output', output);
      const numRows = operands.numRows('output', to.length, columns);
      padColumns(to, operands.floats('input', input, numRows * width), shape);
    },

    activateGradient(inputGrad, outputGrad, input, activation) {
      const operands = operandsOf('activateGradient');
      operands.distinct(inputGrad, input);
      const from = operands.floats('input', input);
      const grads = operands.floats('outputGrad', outputGrad, from.length);
      activateGradient(operands.floats('inputGrad', inputGrad, from.length), grads, from, activation);
    },
    gateGradient(gateGrad, upGrad, outputGrad, gate, up, activation) {
      const operands = operandsOf('gateGradient');
      operands.distinct(gateGrad, gate, up, upGrad);
      operands.distinct(upGrad, gate, up);
      const gates = operands.floats('gate', gate);
      const { length } = gates;
      const to = {
        gateGrad: operands.floats('gateGrad', gateGrad, length),
        upGrad: operands.floats('upGrad', upGrad, length),
      };
      const grads = operands.floats('outputGrad', outputGrad, length);
      gateGradient(to, grads, gates, operands.floats('up', up, length), activation);
    },

    layerNormGradient: normGradient('layerNormGradient', layerNormGradient),
    rmsNormGradient: (inputGrad, { weightGrad }, ...rest) =>
      normGradient('rmsNormGradient', rmsNormGradient)(inputGrad, { weightGrad, biasGrad: undefined }, ...rest),

    softmaxGradient: rowwise('softmaxGradient', softmaxGradient),
    logSoftmaxGradient: rowwise('logSoftmaxGradient', logSoftmaxGradient),

    attentionGradient(gradients, outputGrad, queries, keys, values, options) {
      const operands = operandsOf('attentionGradient');
      const { queryGrad, keyGrad, valueGrad, positionBiasGrad } = gradients;
      const { heads, kvHeads, headSize, mask } = options;
      operands.distinct(queryGrad, keyGrad, valueGrad, outputGrad, queries, keys, values);
      operands.distinct(keyGrad, valueGrad, outputGrad, queries, keys, values);
      operands.distinct(valueGrad, outputGrad, queries, keys, values);
      const q = operands.floats('queries', queries);
      const k = operands.floats('keys', keys);
      const numQueries = operands.numRows('queries', q.length, heads * headSize);
      const numKeys = operands.numRows('keys', k.length, kvHeads * headSize);
      checkSpans(operands, options, { numQueries, numKeys });
      const all = {
        queryGrad: operands.floats('queryGrad', queryGrad, q.length),
        keyGrad: operands.floats('keyGrad', keyGrad, k.length),
        valueGrad: operands.floats('valueGrad', valueGrad, k.length),
        outputGrad: operands.floats('outputGrad', outputGrad, q.length),
        ...{ queries: q, keys: k, values: operands.floats('values', values, k.length) },
      };
      const maskValues = mask && {
        values: operands.floats('mask', mask.values, numQueries * mask.width),
        width: mask.width,
      };
      const positionBias = positionBiasOf(operands, [queryGrad, keyGrad, valueGrad], options);
      if (positionBiasGrad !== undefined) {
        const others = [queryGrad, keyGrad, valueGrad, outputGrad, queries, keys, values, options.positionBias?.values];
        operands.distinct(positionBiasGrad, ...others.filter((buffer) => buffer !== undefined));
      }
      const biasLength = positionBias?.values.length ?? 0;
      const biasGrad = positionBiasGrad && operands.floats('positionBiasGrad', positionBiasGrad, biasLength);
      attentionGradient({ ...all, positionBiasGrad: biasGrad }, { ...options, mask: maskValues, positionBias });
    },

    crossEntropy(losses, logits, ids, columns, options) {
      const operands = operandsOf('crossEntropy');
      operands.distinct(losses, logits);
      const from = operands.floats('logits', logits);
      const numRows = operands.numRows('logits', from.length, columns);
      const targets = operands.ints('ids', ids, numRows, columns);
      operands.fraction('smoothing', options.smoothing);
      crossEntropy(operands.floats('losses', losses, numRows), from, targets, columns, options);
    },
    crossEntropyGradient(logitGrad, lossGrads, logits, ids, columns, options) {
      const operands = operandsOf('crossEntropyGradient');
      operands.distinct(logitGrad, lossGrads);
      const from = operands.floats('logits', logits);
      const numRows = operands.numRows('logits', from.length, columns);
      const rows = { logits: from, ids: operands.ints('ids', ids, numRows, columns), columns };
      operands.fraction('smoothing', options.smoothing);
      const factors = operands.floats('lossGrads', lossGrads, numRows);
      crossEntropyGradient(operands.floats('logitGrad', logitGrad, from.length), factors, rows, options);
    },

    dropout(output, input, options) {
      const operands = operandsOf('dropout');
      operands.fraction('rate', options.rate);
      if (options.rate === 1) operands.fail('rate is 1, wanted less');
      const from = operands.floats('input', input);
      dropout(operands.floats('output', output, from.length), from, options);
    },

    sumOfSquares(output, input) {
      const operands = operandsOf('sumOfSquares');
      operands.distinct(output, input);
      operands.floats('output', output, 1)[0] = sumOfSquares(operands.floats('input', input));
    },
    adamWStep(parameter, firstMoment, secondMoment, gradient, options) {
      const operands = operandsOf('adamWStep');
      operands.distinct(parameter, firstMoment, secondMoment, gradient);
      operands.distinct(firstMoment, secondMoment, gradient);
      operands.distinct(secondMoment, gradient);
      operands.positive('step', options.step);
      const to = operands.floats('parameter', parameter);
      const { length } = to;
      const moments = {
        firstMoment: operands.floats('firstMoment', firstMoment, length),
        secondMoment: operands.floats('secondMoment', secondMoment, length),
      };
      adamWStep({ parameter: to, ...moments, gradient: operands.floats('gradient', gradient, length) }, options);
    },
    sgdStep(parameter, velocity, gradient, options) {
      const operands = operandsOf('sgdStep');
      operands.distinct(parameter, velocity, gradient);
      operands.distinct(velocity, gradient);
      const to = operands.floats('parameter', parameter);
      const { length } = to;
      const grads = operands.floats('gradient', gradient, length);
      sgdStep(to, operands.floats('velocity', velocity, length), grads, options);
    },
  };
}
