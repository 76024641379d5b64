import type { Activation } from '../backend/backend.ts';

/** The arguments of `torch.nn.TransformerDecoder` and its layers. */
export interface TransformerDecoderConfig {
  /** C, which `numHeads` divides: PyTorch's `d_model`. */
  readonly modelSize: number;
  /** PyTorch's `nhead`. */
  readonly numHeads: number;
  readonly numLayers: number;
  /** Width of the hidden layer: PyTorch's `dim_feedforward`, which is 2048 there unless given. */
  readonly feedForwardSize: number;
  /** `relu` unless given. */
  readonly activation?: Activation;
  /** `post` unless given, as in the paper; `pre` is PyTorch's `norm_first=True`. */
  readonly normPlacement?: 'pre' | 'post';
  /** A LayerNorm after the last layer: PyTorch's `norm`; false unless given. */
  readonly hasFinalNorm?: boolean;
  /** Biases in every projection and norm; true unless given. */
  readonly hasBias?: boolean;
  /** 1e-5 unless given. */
  readonly normEpsilon?: number;
}
