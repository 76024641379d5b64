import { tensorsOf } from './shapes.mjs';

const FLOAT32_BYTES = 4;

/**
 * Bytes a decode step at batch 1 must read: every weight matrix once in its own width, the vectors (norms, biases) as
 * float32, one row of the token table and one of the position table, and the keys and values of `context` tokens as
 * float32. A tied token table is read whole, as the output projection.
 */
export function decodeBytes(shape, bytesPerWeight, context) {
  return weightBytesRead(shape, bytesPerWeight) + context * cacheBytesPerToken(shape);
}

/** 2 (keys and values) · layers · key/value heads · head size · 4 bytes. */
export function cacheBytesPerToken({ layers, kvHeads, heads, channels }) {
  return 2 * layers * kvHeads * (channels / heads) * FLOAT32_BYTES;
}

function weightBytesRead(shape, bytesPerWeight) {
  return tensorsOf(shape).reduce((sum, { name, shape: [rows, columns] }) => {
    if (columns === undefined) return sum + rows * FLOAT32_BYTES;
    return sum + (name.startsWith('wpe') ? columns : rows * columns) * bytesPerWeight;
  }, shape.channels * bytesPerWeight);
}

/**
 * Operations of a prefill of `tokens` tokens whose last row alone gets logits, a multiply-add counted as two:
 * 2 · tokens · (weights of the layers' matrices), 2 · channels · vocabulary for the one row of logits, and causal
 * attention, 2 products of 2 · channels for each of the tokens · (tokens + 1) / 2 pairs in every layer.
 */
export function prefillFlops(shape, tokens) {
  const layerWeights = tensorsOf(shape)
    .filter(({ name, shape: sizes }) => sizes.length === 2 && /^(h|model\.layers)\./.test(name))
    .reduce((sum, { shape: [rows, columns] }) => sum + rows * columns, 0);
  const attention = shape.layers * 4 * shape.channels * ((tokens * (tokens + 1)) / 2);
  return 2 * tokens * layerWeights + 2 * shape.channels * shape.vocabulary + attention;
}
