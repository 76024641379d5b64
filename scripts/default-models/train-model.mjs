import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { documentBatches, initialWeights, latestCheckpoint, loadModelFrom, parseModelConfig, train } from 'kvasir';
import { GENERATION_CONFIG, ROW_TOKENS } from './shapes.mjs';
import { writeFiles } from './story-tokenizer.mjs';

const SEED = 1;
const EVALUATE_EVERY = 500;

/**
 * Trains a model from the beginning, or goes on where a training that was interrupted stopped, and writes it to `output` in
 * Hugging Face's layout, in float16.
 * @param {import('kvasir').Backend} backend
 * @param {import('./shapes.mjs').Shape} shape
 * @param {{ training: any, validation: any, numBytes: number, tokenizer: any, files: Record<string, string>,
 *   work: string, output: string, signal: AbortSignal, report: (line: string) => void }} options `numBytes` of the validation texts
 */
export async function trainModel(backend, shape, options) {
  const { training, validation, numBytes, tokenizer, files, work, output, signal, report } = options;
  const end = tokenizer.eosTokenId;
  const config = { ...shape.config, vocab_size: tokenizer.vocabSize, bos_token_id: end, eos_token_id: end };
  const base = join(work, `${shape.name}-base`);
  writeFiles(base, { ...files, 'config.json': `${JSON.stringify(config, null, 2)}\n` });
  const description = parseModelConfig('config.json', JSON.stringify(config));
  const model = await loadModelFrom(backend, description, initialWeights(description, SEED));
  const folder = join(work, shape.name);
  const rows = { contextLength: ROW_TOKENS, batchSize: shape.rows };
  try {
    const result = await train({
      model,
      data: await documentBatches(training, { ...rows, seed: SEED }),
      maxSteps: shape.steps,
      learningRate: shape.learningRate,
      schedule: { kind: 'cosine', warmupSteps: Math.ceil(shape.steps / 30), minRatio: 0.02 },
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
      evaluation: {
        data: await documentBatches(validation, { ...rows, order: 'stored' }),
        every: EVALUATE_EVERY,
        numBytes,
      },
      checkpoints: { folder, every: EVALUATE_EVERY, keepLast: 1, keepBest: false, dtype: 'float16', baseFolder: base },
      resume: await latestCheckpoint(folder),
      signal,
      onEvent: (event) => reportEvent(event, shape, report),
    });
    if (result.reason !== 'finished') signal.throwIfAborted();
    const checkpoint = /** @type {string} */ (result.checkpoint ?? (await latestCheckpoint(folder)));
    const target = join(output, shape.name);
    mkdirSync(target, { recursive: true });
    for (const name of ['config.json', 'model.safetensors']) copyFileSync(join(checkpoint, name), join(target, name));
    const generation = { ...GENERATION_CONFIG, bos_token_id: end, eos_token_id: end };
    writeFiles(target, { ...files, 'generation_config.json': `${JSON.stringify(generation, null, 2)}\n` });
    return { ...result, folder: target, numParameters: model.numParameters };
  } finally {
    model.dispose();
  }
}

/** @param {import('kvasir').TrainingEvent} event @param {import('./shapes.mjs').Shape} shape @param {(line: string) => void} report */
function reportEvent(event, { name }, report) {
  if (event.kind === 'evaluation')
    report(
      `${name}: step ${event.step}, validation loss ${event.loss.toFixed(4)}, ${event.bitsPerByte?.toFixed(4)} bits a byte`,
    );
  if (event.kind !== 'step' || event.step % 50 !== 0) return;
  const { step, maxSteps, loss, tokensPerSecond, secondsLeft } = event;
  report(
    `${name}: step ${step} of ${maxSteps}, loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s, ${Math.round(secondsLeft)} s left`,
  );
}
