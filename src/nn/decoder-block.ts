import { add } from '../ops/elementwise.ts';
import { scoped, type Tensor } from '../tensor/tensor.ts';
import { dropped, type ForwardBatch } from './forward-batch.ts';
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
    // Each sublayer has a scope of its own, so that its activations are gone before the next one needs room.
    const sublayer = (name: string, compute: () => Tensor) => {
      const path = `layers.${layer}.${name}`;
      const output = scoped(input.backend, () => dropped(compute(), batch, path));
      batch.observe?.(path, output);
      return output;
    };
    const attend = (x: () => Tensor) => sublayer('attention', () => attention.forward(x(), batch, layer, angles));
    const feed = (x: () => Tensor) => sublayer('mlp', () => mlp.forward(x(), batch.adapters));
    if (normPlacement === 'pre') {
      const middle = add(
        input,
        attend(() => attentionNorm.forward(input)),
      );
      return add(
        middle,
        feed(() => mlpNorm.forward(middle)),
      );
    }
    const middle = attentionNorm.forward(
      add(
        input,
        attend(() => input),
      ),
    );
    return mlpNorm.forward(
      add(
        middle,
        feed(() => middle),
      ),
    );
  }
}
