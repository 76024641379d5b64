import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { type AbsolutePositions, LearnedPositions, SinusoidalPositions } from '../nn/absolute-positions.ts';
import { CrossAttention } from '../nn/cross-attention.ts';
import { DecoderBlock } from '../nn/decoder-block.ts';
import { Embedding } from '../nn/embedding.ts';
import { EncoderDecoderTransformer } from '../nn/encoder-decoder-transformer.ts';
import { Linear } from '../nn/linear.ts';
import { Mlp } from '../nn/mlp.ts';
import { type Norm, RmsNorm } from '../nn/norm.ts';
import { RelativePositionBias } from '../nn/relative-position-bias.ts';
import { SelfAttention } from '../nn/self-attention.ts';
import { TransformerStack } from '../nn/transformer-stack.ts';
import { layerNormAt, linearAt } from './build-parts.ts';
import type { Parameters } from './parameters.ts';

/** Puts loaded parameters into the module tree that a config describes. */
export function buildEncoderDecoder(config: EncoderDecoderConfig, parameters: Parameters): EncoderDecoderTransformer {
  const sourceTable = config.isEmbeddingShared ? 'tokenEmbedding.weight' : 'sourceEmbedding.weight';
  return new EncoderDecoderTransformer({
    config,
    encoder: new StackBuilder(config, parameters, 'encoder').stack(sourceTable),
    decoder: new StackBuilder(config, parameters, 'decoder').stack('tokenEmbedding.weight'),
    head: config.isTied ? undefined : new Linear(parameters.weight('head.weight'), undefined),
    logitsBias: config.hasLogitsBias ? parameters.vector('logits.bias') : undefined,
  });
}

class StackBuilder {
  readonly #config: EncoderDecoderConfig;
  readonly #parameters: Parameters;
  readonly #side: 'encoder' | 'decoder';

  constructor(config: EncoderDecoderConfig, parameters: Parameters, side: 'encoder' | 'decoder') {
    this.#config = config;
    this.#parameters = parameters;
    this.#side = side;
  }

  stack(embeddingPath: string): TransformerStack {
    const { embeddingScale, hasEmbeddingNorm, hasFinalNorm } = this.#config;
    const { numLayers } = this.#config[this.#side];
    return new TransformerStack({
      tokenEmbedding: new Embedding(this.#parameters.weight(embeddingPath)),
      embeddingScale,
      positions: this.#positions(),
      relativePositions: this.#relativePositions(),
      embeddingNorm: hasEmbeddingNorm ? this.#norm(`${this.#side}.embeddingNorm`) : undefined,
      layers: Array.from({ length: numLayers }, (_, i) => this.#block(`${this.#side}.layers.${i}`)),
      finalNorm: hasFinalNorm ? this.#norm(`${this.#side}.finalNorm`) : undefined,
    });
  }

  #positions(): AbsolutePositions | undefined {
    const { positions, hiddenSize } = this.#config;
    if (positions.kind === 'relative') return undefined;
    if (positions.kind === 'sinusoidal') return new SinusoidalPositions(hiddenSize, positions.offset, positions.period);
    const table = this.#parameters.weight(`${this.#side}.positionEmbedding.weight`);
    return new LearnedPositions(new Embedding(table), positions.offset);
  }

  #relativePositions(): RelativePositionBias | undefined {
    const { positions } = this.#config;
    if (positions.kind !== 'relative') return undefined;
    return new RelativePositionBias({
      table: this.#parameters.vector(`${this.#side}.relativePositions.bias`),
      maxDistance: positions.maxDistance,
      bidirectional: this.#side === 'encoder',
    });
  }

  #block(path: string): DecoderBlock {
    const isDecoder = this.#side === 'decoder';
    return new DecoderBlock({
      attentionNorm: this.#norm(`${path}.attentionNorm`),
      attention: this.#selfAttention(`${path}.attention`, isDecoder),
      cross: isDecoder
        ? { norm: this.#norm(`${path}.crossAttentionNorm`), attention: this.#crossAttention(`${path}.crossAttention`) }
        : undefined,
      mlpNorm: this.#norm(`${path}.mlpNorm`),
      mlp: new Mlp({
        gate: this.#config.isMlpGated ? linearAt(this.#parameters, `${path}.mlp.gate`) : undefined,
        up: linearAt(this.#parameters, `${path}.mlp.up`),
        down: linearAt(this.#parameters, `${path}.mlp.down`),
        activation: this.#config.activation,
      }),
      normPlacement: this.#config.normPlacement,
    });
  }

  #selfAttention(path: string, causal: boolean): SelfAttention {
    const { query, key, value, output, numHeads, headSize, scale } = this.#attention(path);
    return new SelfAttention({
      projection: { kind: 'separate', query, key, value },
      output,
      queryNorm: undefined,
      keyNorm: undefined,
      rotary: undefined,
      numHeads,
      numKvHeads: numHeads,
      headSize,
      scale,
      window: undefined,
      causal,
    });
  }

  #crossAttention(path: string): CrossAttention {
    return new CrossAttention(this.#attention(path));
  }

  #attention(path: string) {
    const { numHeads, headSize, attentionScale } = this.#config[this.#side];
    return {
      query: linearAt(this.#parameters, `${path}.query`),
      key: linearAt(this.#parameters, `${path}.key`),
      value: linearAt(this.#parameters, `${path}.value`),
      output: linearAt(this.#parameters, `${path}.output`),
      numHeads,
      headSize,
      scale: attentionScale,
    };
  }

  #norm(path: string): Norm {
    const { kind, epsilon } = this.#config.norm;
    if (kind === 'rmsNorm') return new RmsNorm(this.#parameters.vector(`${path}.weight`), epsilon);
    return layerNormAt(this.#parameters, path, epsilon);
  }
}
