import type { ModelConfig } from '../../config/model-config.ts';
import type { Naming } from '../parameter-spec.ts';

/** What each rotary frequency is divided by, as a tensor of rotarySize / 2 float32 numbers. */
export const FREQUENCY_FACTORS = 'rope_freqs.weight';

const NAMES: Readonly<Record<string, string>> = {
  'tokenEmbedding.weight': 'token_embd.weight',
  'positionEmbedding.weight': 'position_embd.weight',
  ...linearNames('attention.qkv', 'attn_qkv'),
  ...linearNames('attention.query', 'attn_q'),
  ...linearNames('attention.key', 'attn_k'),
  ...linearNames('attention.value', 'attn_v'),
  ...linearNames('attention.output', 'attn_output'),
  'layers.{}.attention.queryNorm.weight': 'blk.{}.attn_q_norm.weight',
  'layers.{}.attention.keyNorm.weight': 'blk.{}.attn_k_norm.weight',
  ...linearNames('attentionNorm', 'attn_norm'),
  ...linearNames('mlpNorm', 'ffn_norm'),
  ...linearNames('mlp.gate', 'ffn_gate'),
  ...linearNames('mlp.up', 'ffn_up'),
  ...linearNames('mlp.down', 'ffn_down'),
  'finalNorm.weight': 'output_norm.weight',
  'finalNorm.bias': 'output_norm.bias',
  'head.weight': 'output.weight',
};

function linearNames(path: string, name: string): Readonly<Record<string, string>> {
  return {
    [`layers.{}.${path}.weight`]: `blk.{}.${name}.weight`,
    [`layers.{}.${path}.bias`]: `blk.{}.${name}.bias`,
  };
}

/** How GGUF names the parameters, which it does alike for all architectures; matrices have outputs as rows. */
export const GGUF_NAMING: Naming = {
  names: NAMES,
  transposed: new Set(),
  // Factors of frequencies belong to the configuration.
  ignored: [/^blk\.\d+\.attn_rot_embd$/, /^rope_freqs\.weight$/],
};

/** How many heads' rows are woven in a tensor of the architecture `llama`; undefined for the others. */
export function wovenHeads({ numHeads, numKvHeads }: ModelConfig): (name: string) => number | undefined {
  return (name) => {
    const letter = /^blk\.\d+\.attn_([qk])\.(weight|bias)$/.exec(name)?.[1];
    if (letter === undefined) return undefined;
    return letter === 'q' ? numHeads : numKvHeads;
  };
}
