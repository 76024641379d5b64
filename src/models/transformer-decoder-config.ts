import type { Activation } from '../backend/backend.ts';

/** The arguments of `torch.nn.TransformerDecoder` and its layers. */
export interface TransformerDecoderConfig {
  readonly modelSize: number;
  readonly numHeads: number;
  readonly numLayers: number;
  /** 2048 in PyTorch unless given. */
  readonly feedForwardSize: number;
  readonly activation?: Activation;
  /** `post` unless given, as in the paper. */
  readonly normPlacement?: 'pre' | 'post';
  /** A LayerNorm after the last layer. */
  readonly hasFinalNorm?: boolean;
  /** Biases in every projection and norm; true unless given. */
  readonly hasBias?: boolean;
  readonly normEpsilon?: number;
}
