import { add } from '../ops/elementwise.ts';
import { scoped, type Tensor } from '../tensor/tensor.ts';
import type { ForwardBatch } from './forward-batch.ts';
import type { Mlp } from './mlp.ts';
import type { Norm } from './norm.ts';
import type { RotaryAngles } from './rotary.ts';
import type { SelfAttention } from './self-attention.ts';

export interface DecoderBlockParts {
  readonly attentionNorm: Norm;
  readonly attention: SelfAttention;
  readonly mlpNorm: Norm;
  readonly mlp: Mlp;
  readonly normPlacement: 'pre' | 'post';
}

/** One layer of a decoder-only model: self-attention and feed-forward, each with a residual and a norm. */
export class DecoderBlock {
  readonly parts: DecoderBlockParts;

  constructor(parts: DecoderBlockParts) {
    this.parts = parts;
  }

  /** (T, C) → (T, C). */
  forward(input: Tensor, batch: ForwardBatch, layer: number, angles: RotaryAngles | undefined): Tensor {
    const { attentionNorm, attention, mlpNorm, mlp, normPlacement } = this.parts;
    const observe = (name: string, tensor: Tensor) => batch.observe?.(`layers.${layer}.${name}`, tensor);
    // Each sublayer has a scope of its own, so that its activations are gone before the next one needs room.
    const sublayer = (compute: () => Tensor) => scoped(input.backend, compute);
    if (normPlacement === 'pre') {
      const attended = sublayer(() => attention.forward(attentionNorm.forward(input), batch, layer, angles));
      observe('attention', attended);
      const middle = add(input, attended);
      const fed = sublayer(() => mlp.forward(mlpNorm.forward(middle)));
      observe('mlp', fed);
      return add(middle, fed);
    }
    const attended = sublayer(() => attention.forward(input, batch, layer, angles));
    observe('attention', attended);
    const middle = attentionNorm.forward(add(input, attended));
    const fed = sublayer(() => mlp.forward(middle));
    observe('mlp', fed);
    return mlpNorm.forward(add(middle, fed));
  }
}
