import type { AttentionOptions } from '../backend/backend.ts';
import { attention } from '../ops/attention.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Linear } from './linear.ts';

export interface MultiHeadAttentionParts {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly numHeads: number;
}

/** Which keys each query sees, and which rows belong together. */
export type AttentionPattern = Pick<AttentionOptions, 'spans' | 'causal' | 'mask'>;

/**
 * Multi-head attention over given keys and values (Vaswani et al. 2017, section 3.2): self-attention when both inputs are
 * the decoder's, cross-attention when keys and values come from the encoder.
 */
export class MultiHeadAttention {
  readonly parts: MultiHeadAttentionParts;

  constructor(parts: MultiHeadAttentionParts) {
    this.parts = parts;
  }

  /** queries' input (Tq, C), keys' and values' input (Tk, C) → (Tq, C): softmax(Q·Kᵀ / √d + M)·V, projected. */
  forward(queriesInput: Tensor, keysInput: Tensor, pattern: AttentionPattern): Tensor {
    const { query, key, value, output, numHeads } = this.parts;
    const headSize = query.weight.rows / numHeads;
    const mixed = attention(query.forward(queriesInput), key.forward(keysInput), value.forward(keysInput), {
      ...pattern,
      heads: numHeads,
      kvHeads: numHeads,
      headSize,
      scale: 1 / Math.sqrt(headSize),
    });
    return output.forward(mixed);
  }
}
