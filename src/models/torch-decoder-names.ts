import type { Naming, ParameterSpec, RowSlice } from './parameter-spec.ts';
import type { TransformerDecoderConfig } from './transformer-decoder-config.ts';

/** Every parameter of a `torch.nn.TransformerDecoder`, query, key and value apart. */
export function torchDecoderParameters(config: TransformerDecoderConfig): readonly ParameterSpec[] {
  const { modelSize, feedForwardSize, numLayers, hasFinalNorm = false, hasBias = true } = config;
  const linear = (path: string, outputs: number, inputs: number): ParameterSpec[] => [
    { kind: 'matrix', path: `${path}.weight`, shape: [outputs, inputs] },
    ...(hasBias ? [{ kind: 'vector', path: `${path}.bias`, shape: [outputs] } as const] : []),
  ];
  const norm = (path: string): ParameterSpec[] => [
    { kind: 'vector', path: `${path}.weight`, shape: [modelSize] },
    ...(hasBias ? [{ kind: 'vector', path: `${path}.bias`, shape: [modelSize] } as const] : []),
  ];
  const attention = (path: string): ParameterSpec[] =>
    ['query', 'key', 'value', 'output'].flatMap((name) => linear(`${path}.${name}`, modelSize, modelSize));
  const layer = (path: string): ParameterSpec[] => [
    ...attention(`${path}.selfAttention`),
    ...norm(`${path}.selfAttentionNorm`),
    ...attention(`${path}.crossAttention`),
    ...norm(`${path}.crossAttentionNorm`),
    ...linear(`${path}.feedForward.up`, feedForwardSize, modelSize),
    ...linear(`${path}.feedForward.down`, modelSize, feedForwardSize),
    ...norm(`${path}.feedForwardNorm`),
  ];
  return [
    ...Array.from({ length: numLayers }, (_, i) => layer(`layers.${i}`)).flat(),
    ...(hasFinalNorm ? norm('finalNorm') : []),
  ];
}

/** PyTorch's names; it stacks query, key and value into one `in_proj` tensor. */
export function torchDecoderNaming({ modelSize }: TransformerDecoderConfig): Naming {
  const names: Record<string, string> = { 'finalNorm.weight': 'norm.weight', 'finalNorm.bias': 'norm.bias' };
  const slices: Record<string, RowSlice> = {};
  const both = (path: string, name: string) => {
    for (const part of ['weight', 'bias']) names[`layers.{}.${path}.${part}`] = `layers.{}.${name}.${part}`;
  };
  for (const [ours, theirs] of [
    ['selfAttention', 'self_attn'],
    ['crossAttention', 'multihead_attn'],
  ] as const) {
    both(`${ours}.output`, `${theirs}.out_proj`);
    for (const [i, projection] of ['query', 'key', 'value'].entries())
      for (const part of ['weight', 'bias']) {
        const path = `layers.{}.${ours}.${projection}.${part}`;
        names[path] = `layers.{}.${theirs}.in_proj_${part}`;
        slices[path] = { firstRow: i * modelSize, numRows: 3 * modelSize };
      }
  }
  both('feedForward.up', 'linear1');
  both('feedForward.down', 'linear2');
  both('selfAttentionNorm', 'norm1');
  both('crossAttentionNorm', 'norm2');
  both('feedForwardNorm', 'norm3');
  return { names, slices, transposed: new Set(), ignored: [] };
}
