import { Tensor } from '../tensor/tensor.ts';

/** exp(x) / Σ exp(x) over the last dimension, of the input's shape; a row of −∞ alone gives zeros. */
export function softmax(input: Tensor): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.softmax(output.buffer, input.buffer, input.numColumns);
  return output;
}

/** x − log Σ exp(x) over the last dimension, of the input's shape. */
export function logSoftmax(input: Tensor): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.logSoftmax(output.buffer, input.buffer, input.numColumns);
  return output;
}

/** log P(ids[t]) under the softmax of row t of logits (T, V) → (T). Throws a `RangeError` unless ids is (T). */
export function tokenLogProbs(logits: Tensor, ids: Tensor): Tensor {
  ids.expectShape([logits.numRows], 'the token ids of log probabilities');
  const output = Tensor.allocate(logits.backend, ids.shape);
  logits.backend.tokenLogProbs(output.buffer, logits.buffer, ids.buffer, logits.numColumns);
  return output;
}
