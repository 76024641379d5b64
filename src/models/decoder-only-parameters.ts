import type { ModelConfig } from '../config/model-config.ts';
import { linear, matrix, norm, vector } from './parameter-parts.ts';
import type { ParameterSpec } from './parameter-spec.ts';

/** Every parameter of a decoder-only model, in the order of computation. */
export function decoderOnlyParameters(config: ModelConfig): readonly ParameterSpec[] {
  const { vocabSize, hiddenSize, maxPositions, positions, numLayers } = config;
  return [
    matrix('tokenEmbedding.weight', vocabSize, hiddenSize),
    ...(positions.kind === 'learned' ? [matrix('positionEmbedding.weight', maxPositions, hiddenSize)] : []),
    ...Array.from({ length: numLayers }, (_, i) => layerParameters(config, `layers.${i}`)).flat(),
    ...(config.hasFinalNorm ? norm('finalNorm', hiddenSize, hasNormBias(config)) : []),
    ...(config.isTied ? [] : [matrix('head.weight', vocabSize, hiddenSize)]),
  ];
}

function layerParameters(config: ModelConfig, layer: string): ParameterSpec[] {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headSize } = config;
  const queryWidth = numHeads * headSize;
  const kvWidth = numKvHeads * headSize;
  const qkv: readonly (readonly [string, number])[] = config.isQkvFused
    ? [['qkv', queryWidth + 2 * kvWidth]]
    : [
        ['query', queryWidth],
        ['key', kvWidth],
        ['value', kvWidth],
      ];
  return [
    ...norm(`${layer}.attentionNorm`, hiddenSize, hasNormBias(config)),
    ...qkv.flatMap(([name, width]) => linear(`${layer}.attention.${name}`, width, hiddenSize, config.qkvBias)),
    ...linear(`${layer}.attention.output`, hiddenSize, queryWidth, config.attentionOutputBias),
    ...(config.hasQueryKeyNorm
      ? [vector(`${layer}.attention.queryNorm.weight`, headSize), vector(`${layer}.attention.keyNorm.weight`, headSize)]
      : []),
    ...norm(`${layer}.mlpNorm`, hiddenSize, hasNormBias(config)),
    ...(config.isMlpGated ? linear(`${layer}.mlp.gate`, intermediateSize, hiddenSize, config.mlpBias) : []),
    ...linear(`${layer}.mlp.up`, intermediateSize, hiddenSize, config.mlpBias),
    ...linear(`${layer}.mlp.down`, hiddenSize, intermediateSize, config.mlpBias),
  ];
}

function hasNormBias({ norm }: ModelConfig): boolean {
  return norm.kind === 'layerNorm';
}
