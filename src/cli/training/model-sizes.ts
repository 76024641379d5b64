import { ENCODER_DECODER_TYPES } from '../../models/encoder-decoder-registry.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { RunSettings } from './complete-settings.ts';

/** The sizes of a new model under Hugging Face's names. Throws a `RangeError` for heads that its architecture does not have. */
export function modelSizes(settings: RunSettings): Readonly<Record<string, unknown>> {
  const { architecture, numHeads, numKvHeads = numHeads } = settings;
  const hasEncoder = ENCODER_DECODER_TYPES.includes(architecture!);
  if (numKvHeads !== numHeads && (hasEncoder || architecture === 'gpt2'))
    throw new RangeError(
      `Cannot train: numKvHeads is ${numKvHeads}, but in ${architecture} it is that of numHeads, ${numHeads}`,
    );
  const sizes = hasEncoder ? encoderDecoderSizes : architecture === 'gpt2' ? gptSizes : llamaSizes;
  return { model_type: architecture, ...sizes(settings) };
}

/**
 * What a new model must be told of its tokenizer. A target begins with the token that a document begins with, or else with the one
 * it ends with, as BART's targets do.
 */
export function specialTokenIds(tokenizer: Tokenizer, hasEncoder: boolean): Readonly<Record<string, unknown>> {
  const { vocabSize, bosTokenId, eosTokenId, padTokenId = eosTokenId } = tokenizer;
  const ids = { vocab_size: vocabSize, bos_token_id: bosTokenId, eos_token_id: eosTokenId };
  if (!hasEncoder) return ids;
  return { ...ids, pad_token_id: padTokenId, decoder_start_token_id: bosTokenId ?? eosTokenId };
}

function gptSizes({ numLayers, numHeads, hiddenSize, intermediateSize, activation, contextLength }: RunSettings) {
  return {
    ...{ n_layer: numLayers, n_head: numHeads, n_embd: hiddenSize, n_positions: contextLength },
    ...(intermediateSize && { n_inner: intermediateSize }),
    ...(activation && { activation_function: activation }),
  };
}

function llamaSizes(settings: RunSettings) {
  const { numLayers, numHeads, numKvHeads = numHeads, hiddenSize, activation, contextLength } = settings;
  return {
    ...{ num_hidden_layers: numLayers, num_attention_heads: numHeads },
    ...{ num_key_value_heads: numKvHeads, hidden_size: hiddenSize, head_dim: hiddenSize! / numHeads! },
    intermediate_size: settings.intermediateSize ?? gatedSize(hiddenSize!),
    ...{ max_position_embeddings: contextLength, tie_word_embeddings: true, hidden_act: activation ?? 'silu' },
  };
}

/** 8/3 of the channels, so that three matrices are as large as two of 4 (Shazeer 2020), in whole eights. */
function gatedSize(hiddenSize: number): number {
  return 8 * Math.ceil(hiddenSize / 3);
}

/** Encoder and decoder alike, with embeddings times √C and of both sides in one table (Vaswani et al. 2017). */
function encoderDecoderSizes(settings: RunSettings) {
  const { numLayers, numHeads, hiddenSize, activation, contextLength } = settings;
  const intermediateSize = settings.intermediateSize ?? 4 * hiddenSize!;
  const side = (name: string) => ({
    [`${name}_layers`]: numLayers,
    [`${name}_attention_heads`]: numHeads,
    [`${name}_ffn_dim`]: intermediateSize,
  });
  return {
    ...{ d_model: hiddenSize, ...side('encoder'), ...side('decoder'), max_position_embeddings: contextLength },
    ...{ scale_embedding: true, ...(activation && { activation_function: activation }) },
  };
}
