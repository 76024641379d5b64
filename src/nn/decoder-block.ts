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
    const sublayer = (name: string, x: Tensor, norm: Norm, compute: Sublayer) =>
      this.#sublayer(x, norm, `layers.${layer}.${name}`, batch, compute);
    const attend: Sublayer = (x, residual) => attention.forward(x, batch, layer, angles, residual);
    const attended = sublayer('attention', input, attentionNorm, attend);
    const crossed =
      cross === undefined
        ? attended
        : sublayer('crossAttention', attended, cross.norm, (x, residual) =>
            cross.attention.forward(x, batch, layer, residual),
          );
    return sublayer('mlp', crossed, mlpNorm, (x, residual) => mlp.forward(x, batch, residual));
  }

  /** Adds what `compute` gives to the residual stream (T, C). */
  #sublayer(input: Tensor, norm: Norm, path: string, batch: ForwardBatch, compute: Sublayer): Tensor {
    const isPre = this.parts.normPlacement === 'pre';
    const sum = addedTo(input, path, batch, (residual) => compute(isPre ? norm.forward(input) : input, residual));
    return isPre ? sum : norm.forward(sum);
  }
}

/** Input (T, C) → (T, C), plus the residual if there is one. */
type Sublayer = (input: Tensor, residual?: Tensor) => Tensor;

/** residual + what `compute` gives; its last layer does the addition where nobody wants to see or to change it before. */
function addedTo(residual: Tensor, path: string, batch: ForwardBatch, compute: (residual?: Tensor) => Tensor): Tensor {
  const { observe, dropout } = batch;
  // A scope of its own, so that its activations are gone before the next sublayer needs room.
  if (observe === undefined && dropout === undefined) return scoped(residual.backend, () => compute(residual));
  const output = scoped(residual.backend, () => dropped(compute(), batch, path));
  observe?.(path, output);
  return add(residual, output);
}
