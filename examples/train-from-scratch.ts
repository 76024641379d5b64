// A model trained from nothing: two layers learn the alphabet's order, byte by byte, and then say it. Seconds on a laptop; a
// larger configuration and more text are all that a real training changes.
import {
  ByteTokenizer,
  createBackend,
  evaluateLoss,
  initialWeights,
  likeliestToken,
  loadModelFrom,
  parseModelConfig,
  splitDataset,
  tokenizeInMemory,
  train,
  windowBatches,
} from 'kvasir';

const tokenizer = new ByteTokenizer();
const text = 'abcdefghijklmnopqrstuvwxyz. '.repeat(200);
const dataset = await tokenizeInMemory({ tokenizer, sources: [{ format: 'documents', documents: [{ text }] }] });
const { training, validation } = await splitDataset(dataset, { by: 'tokens', validation: 0.1 });

const configJson = { model_type: 'gpt2', vocab_size: 259, n_embd: 32, n_layer: 2, n_head: 2, n_positions: 64 };
const description = parseModelConfig('config.json', JSON.stringify(configJson));
const backend = await createBackend();
const model = await loadModelFrom(backend, description, initialWeights(description, 1));

const { step, seconds } = await train({
  model,
  data: windowBatches(training, { contextLength: 32, batchSize: 8, seed: 1 }),
  maxSteps: 150,
  learningRate: 1e-2,
  schedule: { kind: 'cosine', warmupSteps: 10, minRatio: 0.1 },
  onEvent(event) {
    if (event.kind === 'step' && (event.step % 25 === 0 || event.step === 1))
      console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}, ${Math.round(event.tokensPerSecond)} tokens/s`);
  },
});
console.log(`${step} steps in ${seconds.toFixed(1)} s`);

const stored = windowBatches(validation, { order: 'stored', contextLength: 32, batchSize: 8 });
const { loss, perplexity } = await evaluateLoss(model, stored);
console.log(`validation: loss ${loss.toFixed(3)}, perplexity ${perplexity.toFixed(2)}`);

const ids = tokenizer.encode('abc', { addSpecialTokens: false });
while (ids.length < 28) {
  const { logits, pastKeyValues } = await model.forward({ inputIds: ids });
  ids.push(likeliestToken(logits.last())!);
  pastKeyValues.dispose();
}
console.log(tokenizer.decode(ids));
await backend.dispose();
