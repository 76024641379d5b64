import { add } from '../ops/elementwise.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Mlp } from './mlp.ts';
import type { AttentionPattern, MultiHeadAttention } from './multi-head-attention.ts';
import type { LayerNorm } from './norm.ts';

export interface TransformerDecoderLayerParts {
  readonly selfAttention: MultiHeadAttention;
  readonly crossAttention: MultiHeadAttention;
  readonly feedForward: Mlp;
  readonly selfAttentionNorm: LayerNorm;
  readonly crossAttentionNorm: LayerNorm;
  readonly feedForwardNorm: LayerNorm;
  /** `post`: norm(x + f(x)), as in the paper; `pre`: x + f(norm(x)). */
  readonly normPlacement: 'pre' | 'post';
}

/** Sees what each sublayer hands on: `selfAttention`, `crossAttention`, `feedForward`. */
export type SublayerObserver = (sublayer: string, output: Tensor) => void;

/**
 * One layer of the Transformer decoder (Vaswani et al. 2017): masked self-attention, cross-attention to the encoder's
 * output, and a position-wise feed-forward network, each with a residual and a LayerNorm.
 *
 *     h′ = LayerNorm(h + MaskedMHSA(h))
 *     h″ = LayerNorm(h′ + CrossAttention(h′, c))
 *     out = LayerNorm(h″ + FFN(h″))
 */
export class TransformerDecoderLayer {
  readonly parts: TransformerDecoderLayerParts;

  constructor(parts: TransformerDecoderLayerParts) {
    this.parts = parts;
  }

  /** hidden (Tq, C), the encoder's output c (Tk, C) → (Tq, C). */
  forward(
    hidden: Tensor,
    memory: Tensor,
    patterns: { readonly self: AttentionPattern; readonly cross: AttentionPattern },
    observe?: SublayerObserver,
  ): Tensor {
    const { selfAttention, crossAttention, feedForward } = this.parts;
    const { selfAttentionNorm, crossAttentionNorm, feedForwardNorm } = this.parts;
    const attended = this.#sublayer(hidden, selfAttentionNorm, (x) => selfAttention.forward(x, x, patterns.self));
    observe?.('selfAttention', attended);
    const crossed = this.#sublayer(attended, crossAttentionNorm, (x) =>
      crossAttention.forward(x, memory, patterns.cross),
    );
    observe?.('crossAttention', crossed);
    const fed = this.#sublayer(crossed, feedForwardNorm, (x) => feedForward.forward(x));
    observe?.('feedForward', fed);
    return fed;
  }

  #sublayer(input: Tensor, norm: LayerNorm, compute: (input: Tensor) => Tensor): Tensor {
    if (this.parts.normPlacement === 'pre') return add(input, compute(norm.forward(input)));
    return norm.forward(add(input, compute(input)));
  }
}
