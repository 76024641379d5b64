import type { ModelConfig } from '../config/model-config.ts';

/** Linear layers of a block that read one input. */
export interface LinearGroup {
  /** Module paths without the block's: `attention.query`. */
  readonly layers: readonly string[];
  /**
   * What the input comes from, where its channels can be divided by numbers: a norm, or rows of another linear layer. Undefined
   * where something stands between that does not let a factor through.
   */
  readonly source: ScalableSource | undefined;
}

export type ScalableSource =
  | { readonly kind: 'norm'; readonly path: string }
  /** Channel i is row `firstRow` + i of the layer. */
  | { readonly kind: 'linear'; readonly path: string; readonly firstRow: number };

/** The linear layers of a decoder's block by what they read, in the order of computation. */
export function linearGroups(config: ModelConfig): readonly LinearGroup[] {
  const { isQkvFused, isMlpGated, normPlacement, numHeads, numKvHeads, headSize } = config;
  const normed = (path: string): ScalableSource | undefined =>
    normPlacement === 'pre' ? { kind: 'norm', path } : undefined;
  const values = {
    path: isQkvFused ? 'attention.qkv' : 'attention.value',
    firstRow: isQkvFused ? 2 * numHeads * headSize : 0,
  };
  return [
    {
      layers: isQkvFused ? ['attention.qkv'] : ['attention.query', 'attention.key', 'attention.value'],
      source: normed('attentionNorm'),
    },
    {
      layers: ['attention.output'],
      // Heads that share values would each want their own factors.
      source: numHeads === numKvHeads ? { kind: 'linear', ...values } : undefined,
    },
    { layers: isMlpGated ? ['mlp.gate', 'mlp.up'] : ['mlp.up'], source: normed('mlpNorm') },
    // activation(gate(x)) · up(x) is linear in up; activation(up(x)) is not.
    { layers: ['mlp.down'], source: isMlpGated ? { kind: 'linear', path: 'mlp.up', firstRow: 0 } : undefined },
  ];
}
