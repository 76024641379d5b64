import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';

/** What the members of the GPT family have in common. */
type Shared =
  | 'numKvHeads'
  | 'headSize'
  | 'positions'
  | 'norm'
  | 'isMlpGated'
  | 'mlpBias'
  | 'attentionOutputBias'
  | 'hasQueryKeyNorm'
  | 'isTied'
  | 'bosTokenId'
  | 'eosTokenIds';

/** A GPT's config: learned positions, LayerNorm, a plain MLP, as many key/value heads as query heads. */
export function gptConfig(fields: JsonFields, own: Omit<ModelConfig, Shared>): ModelConfig {
  return {
    ...own,
    numKvHeads: own.numHeads,
    headSize: own.hiddenSize / own.numHeads,
    positions: { kind: 'learned' },
    norm: { kind: 'layerNorm', epsilon: fields.positive('layer_norm_epsilon', 1e-5) },
    isMlpGated: false,
    mlpBias: true,
    attentionOutputBias: true,
    hasQueryKeyNorm: false,
    isTied: fields.boolean('tie_word_embeddings', true),
    bosTokenId: fields.tokenIds('bos_token_id')[0],
    eosTokenIds: fields.tokenIds('eos_token_id'),
  };
}

/** Names of the four `Conv1D` layers of a block, in GPT-1 and GPT-2 alike. */
export const CONV1D_BLOCK: Readonly<Record<string, string>> = {
  'layers.{}.attention.qkv.weight': 'transformer.h.{}.attn.c_attn.weight',
  'layers.{}.attention.qkv.bias': 'transformer.h.{}.attn.c_attn.bias',
  'layers.{}.attention.output.weight': 'transformer.h.{}.attn.c_proj.weight',
  'layers.{}.attention.output.bias': 'transformer.h.{}.attn.c_proj.bias',
  'layers.{}.mlp.up.weight': 'transformer.h.{}.mlp.c_fc.weight',
  'layers.{}.mlp.up.bias': 'transformer.h.{}.mlp.c_fc.bias',
  'layers.{}.mlp.down.weight': 'transformer.h.{}.mlp.c_proj.weight',
  'layers.{}.mlp.down.bias': 'transformer.h.{}.mlp.c_proj.bias',
};

/** The matrices among them: `Conv1D` stores inputs as rows. */
export const CONV1D_PATHS: ReadonlySet<string> = new Set(
  Object.keys(CONV1D_BLOCK).filter((path) => path.endsWith('.weight')),
);

/** Names of the norms around a block's sublayers. */
export const NORMS_OF_BLOCK: Readonly<Record<string, string>> = {
  'layers.{}.attentionNorm.weight': 'transformer.h.{}.ln_1.weight',
  'layers.{}.attentionNorm.bias': 'transformer.h.{}.ln_1.bias',
  'layers.{}.mlpNorm.weight': 'transformer.h.{}.ln_2.weight',
  'layers.{}.mlpNorm.bias': 'transformer.h.{}.ln_2.bias',
};
