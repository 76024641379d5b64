import { createReferenceBackend } from '../src/backends/reference/reference-backend.ts';
import { loadModelFrom, parseModelConfig } from '../src/models/load-model.ts';
import { randomWeights } from '../src/models/random-weights.ts';
import { saveModel } from '../src/models/save-model.ts';

const CONFIG = {
  model_type: 'llama',
  vocab_size: 50,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 48,
  max_position_embeddings: 64,
};

/** Saves a tiny llama whose rows are whole blocks of 32, but for those of one matrix. */
export async function saveRandomLlama(folder: string): Promise<void> {
  const description = parseModelConfig('config.json', JSON.stringify(CONFIG));
  const model = await loadModelFrom(createReferenceBackend(), description, randomWeights(description, 0));
  await saveModel(model, folder);
  model.dispose();
}
