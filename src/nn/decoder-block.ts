import { add } from '../ops/elementwise.ts';
import { scoped, type Tensor } from '../tensor/tensor.ts';
import type { CrossAttention } from './cross-attention.ts';
import { dropped, type ForwardBatch } from './forward-batch.ts';
import type { Mlp } from './mlp.ts';
import type { Norm } from './norm.ts';
import type { RotaryAngles } from './rotary.ts';
import type { SelfAttention } from './self-attention.ts';

export interface DecoderBlockParts {
  readonly attentionNorm: Norm;
  readonly attention: SelfAttention;
  /** In the decoder of an encoder-decoder model, between the other two sublayers. */
  readonly cross?: { readonly norm: Norm; readonly attention: CrossAttention } | undefined;
  readonly mlpNorm: Norm;
  readonly mlp: Mlp;
  readonly normPlacement: 'pre' | 'post';
}

/**
 * One layer of a Transformer: self-attention, cross-attention if it has a source, and feed-forward, each with a residual and
 * a norm. Encoders are made of it too: their self-attention is not causal.
 */
export class DecoderBlock {
  readonly parts: DecoderBlockParts;

  constructor(parts: DecoderBlockParts) {
    this.parts = parts;
  }

  /** (T, C) → (T, C). */
  forward(input: Tensor, batch: ForwardBatch, layer: number, angles: RotaryAngles | undefined): Tensor {
    const { attentionNorm, attention, cross, mlpNorm, mlp } = this.parts;
    const sublayer = (name: string, x: Tensor, norm: Norm, compute: (x: Tensor) => Tensor) =>
      this.#sublayer(x, norm, `layers.${layer}.${name}`, batch, compute);
    const attend = (x: Tensor) => attention.forward(x, batch, layer, angles);
    const attended = sublayer('attention', input, attentionNorm, attend);
    const crossed =
      cross === undefined
        ? attended
        : sublayer('crossAttention', attended, cross.norm, (x) => cross.attention.forward(x, batch, layer));
    return sublayer('mlp', crossed, mlpNorm, (x) => mlp.forward(x, batch));
  }

  /** Adds what `compute` gives to the residual stream (T, C). */
  #sublayer(input: Tensor, norm: Norm, path: string, batch: ForwardBatch, compute: (input: Tensor) => Tensor): Tensor {
    const isPre = this.parts.normPlacement === 'pre';
    // A scope of its own, so that its activations are gone before the next sublayer needs room.
    const output = scoped(input.backend, () => dropped(compute(isPre ? norm.forward(input) : input), batch, path));
    batch.observe?.(path, output);
    const sum = add(input, output);
    return isPre ? sum : norm.forward(sum);
  }
}
