import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { linear, matrix, norm, vector } from './parameter-parts.ts';
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
    ...(config.hasLogitsBias ? [vector('logits.bias', vocabSize)] : []),
  ];
}

function sideParameters(config: EncoderDecoderConfig, side: Side): ParameterSpec[] {
  const { positions, maxPositions, hiddenSize, hasEmbeddingNorm, hasFinalNorm } = config;
  const { numLayers } = config[side];
  return [
    ...(positions.kind === 'learned'
      ? [matrix(`${side}.positionEmbedding.weight`, maxPositions + positions.offset, hiddenSize)]
      : []),
    ...(hasEmbeddingNorm ? norm(`${side}.embeddingNorm`, hiddenSize, true) : []),
    ...Array.from({ length: numLayers }, (_, i) => layerParameters(config, side, `${side}.layers.${i}`)).flat(),
    ...(hasFinalNorm ? norm(`${side}.finalNorm`, hiddenSize, true) : []),
  ];
}

function layerParameters(config: EncoderDecoderConfig, side: Side, layer: string): ParameterSpec[] {
  const { hiddenSize } = config;
  const { intermediateSize } = config[side];
  return [
    ...norm(`${layer}.attentionNorm`, hiddenSize, true),
    ...attentionParameters(config, side, `${layer}.attention`),
    ...(side === 'encoder'
      ? []
      : [
          ...norm(`${layer}.crossAttentionNorm`, hiddenSize, true),
          ...attentionParameters(config, side, `${layer}.crossAttention`),
        ]),
    ...norm(`${layer}.mlpNorm`, hiddenSize, true),
    ...linear(`${layer}.mlp.up`, intermediateSize, hiddenSize, true),
    ...linear(`${layer}.mlp.down`, hiddenSize, intermediateSize, true),
  ];
}

function attentionParameters(config: EncoderDecoderConfig, side: Side, path: string): ParameterSpec[] {
  const { hiddenSize } = config;
  const width = config[side].numHeads * config[side].headSize;
  return [
    ...['query', 'key', 'value'].flatMap((name) => linear(`${path}.${name}`, width, hiddenSize, true)),
    ...linear(`${path}.output`, hiddenSize, width, true),
  ];
}
