import type { CrossEntropyOptions } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';
import { scale } from './elementwise.ts';

/** exp(x) / Σ exp(x) over the last dimension, of the input's shape; a row of −∞ alone gives zeros. */
export function softmax(input: Tensor): Tensor {
  return rowwise(input, 'softmax', 'softmaxGradient');
}

/** x − log Σ exp(x) over the last dimension, of the input's shape. */
export function logSoftmax(input: Tensor): Tensor {
  return rowwise(input, 'logSoftmax', 'logSoftmaxGradient');
}

/** An operation on rows whose gradient follows from its output. */
function rowwise(
  input: Tensor,
  operation: 'softmax' | 'logSoftmax',
  gradientOf: 'softmaxGradient' | 'logSoftmaxGradient',
): Tensor {
  const { backend, numColumns } = input;
  const output = Tensor.allocate(backend, input.shape);
  backend[operation](output.buffer, input.buffer, numColumns);
  if (!input.needsGradient) return output;
  return output.withOrigin({
    inputs: [input],
    saved: [output],
    backward(gradient) {
      const inputGrad = Tensor.allocate(backend, input.shape);
      backend[gradientOf](inputGrad.buffer, gradient.buffer, output.buffer, numColumns);
      return [inputGrad];
    },
  });
}

/** log P(ids[t]) under the softmax of row t of logits (T, V) → (T). Throws a `RangeError` unless ids is (T). */
export function tokenLogProbs(logits: Tensor, ids: Tensor): Tensor {
  ids.expectShape([logits.numRows], 'the token ids of log probabilities');
  const output = Tensor.allocate(logits.backend, ids.shape);
  logits.backend.tokenLogProbs(output.buffer, logits.buffer, ids.buffer, logits.numColumns);
  if (!logits.needsGradient) return output;
  return output.withOrigin({
    inputs: [logits],
    saved: [logits, ids],
    backward: (gradient) => [logitGradient(scale(gradient, -1), logits, ids, PLAIN)],
  });
}

/** log Σ exp(x) over the last dimension, which goes: (…, V) → (…). Throws a `TypeError` where a gradient would have to pass. */
export function logSumExp(input: Tensor): Tensor {
  if (input.needsGradient) throw new TypeError('Cannot take log Σ exp: the input needs a gradient, and this has none');
  const output = Tensor.allocate(input.backend, input.shape.slice(0, -1));
  input.backend.logSumExp(output.buffer, input.buffer, input.numColumns);
  return output;
}

const PLAIN: CrossEntropyOptions = { smoothing: 0, zLoss: 0 };

/**
 * The cross-entropy of each row of logits (T, V) against ids (T) → (T), with label smoothing (Szegedy et al. 2016, Vaswani
 * et al. 2017) and z-loss (Chowdhery et al. 2022) as `options` say. Without them it is −log P(ids[t]). Throws a `RangeError`
 * unless ids is (T).
 */
export function crossEntropy(logits: Tensor, ids: Tensor, options: CrossEntropyOptions = PLAIN): Tensor {
  ids.expectShape([logits.numRows], 'the token ids of a cross-entropy');
  const output = Tensor.allocate(logits.backend, ids.shape);
  logits.backend.crossEntropy(output.buffer, logits.buffer, ids.buffer, logits.numColumns, options);
  if (!logits.needsGradient) return output;
  return output.withOrigin({
    inputs: [logits],
    saved: [logits, ids],
    backward: (gradient) => [logitGradient(gradient, logits, ids, options)],
  });
}

function logitGradient(lossGrads: Tensor, logits: Tensor, ids: Tensor, options: CrossEntropyOptions): Tensor {
  const { backend, numColumns } = logits;
  const logitGrad = Tensor.allocate(backend, logits.shape);
  const grads = lossGrads.buffer;
  backend.crossEntropyGradient(logitGrad.buffer, grads, logits.buffer, ids.buffer, numColumns, options);
  return logitGrad;
}
