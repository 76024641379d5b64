// One model and two adapters of it: each is trained on a text of its own, saved in PEFT's layout, and chosen by the requests
// that want it. Requests with different adapters share the steps of the model. The model here is small and random, and what
// it learns through adapters alone is little; with `LLM.load('path/to/model')` and more text it is a fine-tuning.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ByteTokenizer,
  createLora,
  createLoraTarget,
  evaluateLoss,
  LLM,
  parseModelConfig,
  saveAdapter,
  tokenizeInMemory,
  train,
  windowBatches,
} from 'kvasir';

const configJson = { model_type: 'gpt2', vocab_size: 259, n_embd: 64, n_layer: 2, n_head: 2, n_positions: 64 };
const description = parseModelConfig('config.json', JSON.stringify(configJson));
const tokenizer = new ByteTokenizer();
const texts = { letters: 'abcdefghij', digits: '0123456789' };
const folder = await mkdtemp(join(tmpdir(), 'kvasir-lora-'));
try {
  const llm = await LLM.random(description, { tokenizer, seed: 1 });
  for (const [name, text] of Object.entries(texts)) await trainAdapter(llm, text, join(folder, name));
  await llm.dispose();

  const adapters = { letters: join(folder, 'letters'), digits: join(folder, 'digits') };
  await using adapted = await LLM.random(description, { tokenizer, seed: 1, adapters });
  const options = { maxNewTokens: 10, temperature: 0, ignoreEos: true };
  const [alone, letters, digits] = await Promise.all([
    adapted.generate('ab12', options),
    adapted.generate('ab12', { ...options, adapter: 'letters' }),
    adapted.generate('ab12', { ...options, adapter: 'digits' }),
  ]);
  console.log(JSON.stringify({ alone: alone.text, letters: letters.text, digits: digits.text }));
} finally {
  await rm(folder, { recursive: true });
}

async function trainAdapter({ causalLM: model }: LLM, text: string, to: string): Promise<void> {
  const documents = [{ text: text.repeat(100) }];
  const dataset = await tokenizeInMemory({ tokenizer, sources: [{ format: 'documents', documents }] });
  const adapter = await createLora(model, { rank: 8, alpha: 32, seed: 1 });
  const target = await createLoraTarget(model, adapter);
  const data = windowBatches(dataset, { contextLength: 32, batchSize: 8, seed: 1 });
  await train({ model: target, data, maxSteps: 60, learningRate: 3e-2 });
  target.trained.release();
  const stored = windowBatches(dataset, { order: 'stored', contextLength: 32, batchSize: 8 });
  const [before, after] = [await evaluateLoss(model, stored), await evaluateLoss(model, stored, { adapter })];
  console.log(`loss ${before.loss.toFixed(2)} without the adapter, ${after.loss.toFixed(2)} with it`);
  await saveAdapter(adapter, to);
  adapter.release();
}
