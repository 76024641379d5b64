import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  documentBatches,
  initialWeights,
  latestCheckpoint,
  loadModel,
  loadModelFrom,
  parseModelConfig,
  train,
} from 'kvasir';
import { GENERATION_CONFIG, ROW_TOKENS } from './shapes.mjs';
import { writeFiles } from './story-tokenizer.mjs';
import { TrainingCurve } from './training-curve.mjs';

const EVALUATE_EVERY = 500;

/**
 * Trains a model in its stages from the beginning, or goes on where a training that was interrupted stopped, and writes it to `output` in
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
  const common = { training, validation, numBytes, base, signal, report };
  const stages = [];
  for (const [i, stage] of shape.stages.entries()) {
    const before = stages.at(-1)?.checkpoint;
    const model =
      before === undefined
        ? await loadModelFrom(backend, description, initialWeights(description, 1, shape))
        : await loadModel(backend, before, { dtype: 'float32' });
    const place = { name: `${shape.name}, stage ${i + 1}`, folder: join(work, `${shape.name}-${i + 1}`), seed: i + 1 };
    try {
      stages.push(await runStage(model, stage, { ...common, ...place }));
    } finally {
      model.dispose();
    }
  }
  const { checkpoint, loss, numParameters } = /** @type {typeof stages[number]} */ (stages.at(-1));
  const target = join(output, shape.name);
  mkdirSync(target, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) copyFileSync(join(checkpoint, name), join(target, name));
  const generation = { ...GENERATION_CONFIG, bos_token_id: end, eos_token_id: end };
  writeFiles(target, { ...files, 'generation_config.json': `${JSON.stringify(generation, null, 2)}\n` });
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  return { seconds, validationLoss: loss, folder: target, numParameters, curve: joined(stages) };
}

/**
 * Trains the model for one stage, which the next begins from as its checkpoint has it, in float16. What was done before is not
 * done again.
 * @param {import('kvasir').CausalLM} model
 * @param {import('./shapes.mjs').Stage} stage
 * @param {{ training: any, validation: any, numBytes: number, base: string, folder: string, name: string, seed: number,
 *   signal: AbortSignal, report: (line: string) => void }} options
 */
async function runStage(model, { rows, steps, learningRate }, options) {
  const { training, validation, numBytes, base, folder, name, seed, signal, report } = options;
  const resume = await latestCheckpoint(folder);
  const done = resume === undefined ? 0 : Number(resume.match(/\d+$/)?.[0]);
  const curve = new TrainingCurve(`${folder}.curve.json`, done);
  const { numParameters } = model;
  const shape = { contextLength: ROW_TOKENS, batchSize: rows };
  const data = await documentBatches(validation, { ...shape, order: 'stored' });
  if (resume !== undefined && done === steps) {
    const loss = curve.points.validation.at(-1)?.[1];
    return { checkpoint: resume, seconds: curve.points.seconds, steps, loss, numParameters, curve: curve.points };
  }
  const { reason, checkpoint, evaluation } = await train({
    model,
    data: await documentBatches(training, { ...shape, seed }),
    maxSteps: steps,
    learningRate,
    schedule: { kind: 'cosine', warmupSteps: Math.ceil(steps / 30), minRatio: 0.02 },
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
    evaluation: { data, every: EVALUATE_EVERY, numBytes },
    checkpoints: { folder, every: EVALUATE_EVERY, keepLast: 1, keepBest: false, dtype: 'float16', baseFolder: base },
    resume,
    signal,
    onEvent(event) {
      curve.add(event);
      reportEvent(event, name, report);
    },
  });
  if (reason === 'aborted' || checkpoint === undefined) throw signal.reason;
  const { points } = curve;
  return { checkpoint, seconds: points.seconds, steps, loss: evaluation?.loss, numParameters, curve: points };
}

/**
 * The curves of stages one after the other.
 * @param {readonly { steps: number, curve: import('./training-curve.mjs').Curve }[]} stages
 * @returns {Pick<import('./training-curve.mjs').Curve, 'training' | 'validation'>}
 */
function joined(stages) {
  const whole = { training: [], validation: [] };
  let before = 0;
  for (const { steps, curve } of stages) {
    for (const kind of /** @type {const} */ (['training', 'validation']))
      whole[kind].push(...curve[kind].map(([step, loss]) => [before + step, loss]));
    before += steps;
  }
  return whole;
}

/** @param {import('kvasir').TrainingEvent} event @param {string} name @param {(line: string) => void} report */
export function reportEvent(event, name, report) {
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
