import type { Backend } from '../backend/backend.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { DecoderBlock } from '../nn/decoder-block.ts';
import { DecoderOnlyTransformer } from '../nn/decoder-only-transformer.ts';
import { Embedding } from '../nn/embedding.ts';
import type { Linear } from '../nn/linear.ts';
import { Mlp } from '../nn/mlp.ts';
import { type Norm, RmsNorm } from '../nn/norm.ts';
import { Rotary } from '../nn/rotary.ts';
import { SelfAttention } from '../nn/self-attention.ts';
import { layerNormAt, linearAt } from './build-parts.ts';
import type { Parameters } from './parameters.ts';

/** Puts loaded parameters into the module tree that a config describes. */
export function buildDecoderOnly(
  backend: Backend,
  config: ModelConfig,
  parameters: Parameters,
): DecoderOnlyTransformer {
  const rotary = config.positions.kind === 'rotary' ? new Rotary(config.positions) : undefined;
  const build = new ModuleBuilder(config, parameters, rotary);
  return new DecoderOnlyTransformer(backend, {
    config,
    tokenEmbedding: new Embedding(parameters.weight('tokenEmbedding.weight')),
    positionEmbedding:
      config.positions.kind === 'learned' ? new Embedding(parameters.weight('positionEmbedding.weight')) : undefined,
    rotary,
    layers: Array.from({ length: config.numLayers }, (_, i) => build.block(i)),
    finalNorm: config.hasFinalNorm ? build.norm('finalNorm') : undefined,
    head: config.isTied ? undefined : build.linear('head'),
  });
}

class ModuleBuilder {
  readonly #config: ModelConfig;
  readonly #parameters: Parameters;
  readonly #rotary: Rotary | undefined;

  constructor(config: ModelConfig, parameters: Parameters, rotary: Rotary | undefined) {
    this.#config = config;
    this.#parameters = parameters;
    this.#rotary = rotary;
  }

  block(index: number): DecoderBlock {
    const path = `layers.${index}`;
    return new DecoderBlock({
      attentionNorm: this.norm(`${path}.attentionNorm`),
      attention: this.attention(`${path}.attention`, this.#config.windows[index]),
      mlpNorm: this.norm(`${path}.mlpNorm`),
      mlp: new Mlp({
        gate: this.#config.isMlpGated ? this.linear(`${path}.mlp.gate`) : undefined,
        up: this.linear(`${path}.mlp.up`),
        down: this.linear(`${path}.mlp.down`),
        activation: this.#config.activation,
      }),
      normPlacement: this.#config.normPlacement,
    });
  }

  attention(path: string, window: number | undefined): SelfAttention {
    const { isQkvFused, hasQueryKeyNorm, numHeads, numKvHeads, headSize, attentionScale, norm } = this.#config;
    const headNorm = (name: string) =>
      hasQueryKeyNorm ? new RmsNorm(this.#parameters.vector(`${path}.${name}.weight`), norm.epsilon) : undefined;
    return new SelfAttention({
      projection: isQkvFused
        ? { kind: 'fused', qkv: this.linear(`${path}.qkv`) }
        : {
            kind: 'separate',
            query: this.linear(`${path}.query`),
            key: this.linear(`${path}.key`),
            value: this.linear(`${path}.value`),
          },
      output: this.linear(`${path}.output`),
      queryNorm: headNorm('queryNorm'),
      keyNorm: headNorm('keyNorm'),
      rotary: this.#rotary,
      numHeads,
      numKvHeads,
      headSize,
      scale: attentionScale,
      window,
      causal: true,
    });
  }

  linear(path: string): Linear {
    return linearAt(this.#parameters, path);
  }

  norm(path: string): Norm {
    const { kind, epsilon } = this.#config.norm;
    if (kind === 'layerNorm') return layerNormAt(this.#parameters, path, epsilon);
    return new RmsNorm(this.#parameters.vector(`${path}.weight`), epsilon);
  }
}
