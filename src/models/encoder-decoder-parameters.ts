import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { linear, matrix, norm, table, vector } from './parameter-parts.ts';
import type { ParameterSpec } from './parameter-spec.ts';

type Side = 'encoder' | 'decoder';

/** Every parameter of an encoder-decoder model, in the order of computation. */
export function encoderDecoderParameters(config: EncoderDecoderConfig): readonly ParameterSpec[] {
  const { vocabSize, sourceVocabSize, hiddenSize } = config;
  return [
    matrix('tokenEmbedding.weight', vocabSize, hiddenSize),
    ...(config.isEmbeddingShared ? [] : [matrix('sourceEmbedding.weight', sourceVocabSize, hiddenSize)]),
    ...sideParameters(config, 'encoder'),
    ...sideParameters(config, 'decoder'),
    ...(config.isTied ? [] : [matrix('head.weight', vocabSize, hiddenSize)]),
    ...(config.hasLogitsBias ? [vector('logits.bias', vocabSize)] : []),
  ];
}

function sideParameters(config: EncoderDecoderConfig, side: Side): ParameterSpec[] {
  const { positions, maxPositions, hiddenSize, hasEmbeddingNorm, hasFinalNorm } = config;
  const { numLayers, numHeads } = config[side];
  return [
    ...(positions.kind === 'learned'
      ? [matrix(`${side}.positionEmbedding.weight`, maxPositions + positions.offset, hiddenSize)]
      : []),
    ...(positions.kind === 'relative' ? [table(`${side}.relativePositions.bias`, positions.numBuckets, numHeads)] : []),
    ...(hasEmbeddingNorm ? normParameters(config, `${side}.embeddingNorm`) : []),
    ...Array.from({ length: numLayers }, (_, i) => layerParameters(config, side, `${side}.layers.${i}`)).flat(),
    ...(hasFinalNorm ? normParameters(config, `${side}.finalNorm`) : []),
  ];
}

function layerParameters(config: EncoderDecoderConfig, side: Side, layer: string): ParameterSpec[] {
  const { hiddenSize, isMlpGated, hasBiases } = config;
  const { intermediateSize } = config[side];
  return [
    ...normParameters(config, `${layer}.attentionNorm`),
    ...attentionParameters(config, side, `${layer}.attention`),
    ...(side === 'encoder'
      ? []
      : [
          ...normParameters(config, `${layer}.crossAttentionNorm`),
          ...attentionParameters(config, side, `${layer}.crossAttention`),
        ]),
    ...normParameters(config, `${layer}.mlpNorm`),
    ...(isMlpGated ? linear(`${layer}.mlp.gate`, intermediateSize, hiddenSize, hasBiases) : []),
    ...linear(`${layer}.mlp.up`, intermediateSize, hiddenSize, hasBiases),
    ...linear(`${layer}.mlp.down`, hiddenSize, intermediateSize, hasBiases),
  ];
}

function normParameters({ hiddenSize, norm: { kind } }: EncoderDecoderConfig, path: string): ParameterSpec[] {
  return norm(path, hiddenSize, kind === 'layerNorm');
}

function attentionParameters(config: EncoderDecoderConfig, side: Side, path: string): ParameterSpec[] {
  const { hiddenSize, hasBiases } = config;
  const width = config[side].numHeads * config[side].headSize;
  return [
    ...['query', 'key', 'value'].flatMap((name) => linear(`${path}.${name}`, width, hiddenSize, hasBiases)),
    ...linear(`${path}.output`, hiddenSize, width, hasBiases),
  ];
}
