import { LLM } from '../llm/llm.ts';
import type { LoadOptions } from '../llm/load-options.ts';
import { parseModelConfig } from '../models/load-model.ts';
import { ByteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { ChatTemplate } from '../tokenizers/chat-template.ts';

/** A small model of bytes with random weights, always the same: for trying things where there is no checkpoint. */
export function openSmallRandomModel(options: LoadOptions): Promise<LLM> {
  const tokenizer = new ByteTokenizer();
  const description = parseModelConfig(
    'the small random model',
    JSON.stringify({
      model_type: 'llama',
      vocab_size: tokenizer.vocabSize,
      hidden_size: 192,
      intermediate_size: 512,
      num_hidden_layers: 4,
      num_attention_heads: 6,
      num_key_value_heads: 2,
      max_position_embeddings: 1024,
      tie_word_embeddings: true,
      bos_token_id: tokenizer.bosTokenId,
      eos_token_id: tokenizer.eosTokenId,
    }),
  );
  const chatTemplate = new ChatTemplate({ location: 'the small random model', template: CHAT_TEMPLATE });
  return LLM.random(description, { ...options, tokenizer, chatTemplate, seed: WEIGHT_SEED });
}

const WEIGHT_SEED = 0;

const CHAT_TEMPLATE = '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: ';
