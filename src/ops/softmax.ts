import { Tensor } from '../tensor/tensor.ts';

/** Softmax over the last dimension. */
export function softmax(input: Tensor): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.softmax(output.buffer, input.buffer, input.numColumns);
  return output;
}

/** Logarithm of the softmax over the last dimension. */
export function logSoftmax(input: Tensor): Tensor {
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.logSoftmax(output.buffer, input.buffer, input.numColumns);
  return output;
}

/** log P(ids[t]) under the softmax of row t of logits (T, V) → (T). */
export function tokenLogProbs(logits: Tensor, ids: Tensor): Tensor {
  ids.expectShape([logits.numRows], 'the token ids of log probabilities');
  const output = Tensor.allocate(logits.backend, ids.shape);
  logits.backend.tokenLogProbs(output.buffer, logits.buffer, ids.buffer, logits.numColumns);
  return output;
}
