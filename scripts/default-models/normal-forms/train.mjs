import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  createEncoderDecoderTarget,
  HuggingFaceTokenizer,
  initialEncoderDecoderWeights,
  latestCheckpoint,
  loadEncoderDecoderFrom,
  pairBatches,
  parseEncoderDecoderConfig,
  tokenizeInMemory,
  train,
} from 'kvasir';
import { writeFiles } from '../story-tokenizer.mjs';
import { reportEvent } from '../train-model.mjs';
import { TrainingCurve } from '../training-curve.mjs';
import { CONFIG, GENERATION_CONFIG, NAME, RECIPE } from './shape.mjs';
import { trainPairTokenizer } from './tokenizer.mjs';
import { writePair } from './write-pair.mjs';

const SEED = 0;
/** Pairs that the tokenizer is trained on: all words come among them. */
const NUM_TOKENIZER_PAIRS = 20_000;
const NUM_VALIDATION_PAIRS = 1000;
/** Of held-out pairs that are none of those that the model is measured on. */
const VALIDATION_SEED = 1;
const EVALUATE_EVERY = 500;

/**
 * Trains the model of normal forms from the beginning, or goes on where a training that was interrupted stopped, and writes it
 * to `output` in Hugging Face's layout, in float16.
 * @param {import('kvasir').Backend} backend
 * @param {{ steps: number | undefined, work: string, output: string, signal: AbortSignal, report: (line: string) => void }} options
 */
export async function trainNormalForms(backend, { steps = RECIPE.steps, work, output, signal, report }) {
  const pairs = Array.from({ length: RECIPE.numPairs }, (_, i) => writePair(SEED, i));
  const heldOut = Array.from({ length: NUM_VALIDATION_PAIRS }, (_, i) =>
    writePair(VALIDATION_SEED, i, { heldOut: true }),
  );
  const files = await trainPairTokenizer(pairs.slice(0, NUM_TOKENIZER_PAIRS));
  const tokenizer = new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
  const [training, validation] = [await datasetOf(pairs, tokenizer), await datasetOf(heldOut, tokenizer)];
  report(`${NAME}: ${pairs.length} pairs, ${training.numTokens} tokens`);
  const ids = specialIds(tokenizer);
  const base = join(work, `${NAME}-base`);
  const config = `${JSON.stringify({ ...CONFIG, vocab_size: tokenizer.vocabSize, ...ids }, null, 2)}\n`;
  writeFiles(base, { ...files, 'config.json': config });
  const description = parseEncoderDecoderConfig('config.json', config);
  const model = await loadEncoderDecoderFrom(backend, description, initialEncoderDecoderWeights(description, SEED));
  try {
    const data = { training, validation, numBytes: heldOut.reduce((sum, { target }) => sum + target.length, 0) };
    const trained = await runTraining(model, data, { steps, base, folder: join(work, NAME), signal, report });
    const target = join(output, NAME);
    mkdirSync(target, { recursive: true });
    for (const name of ['config.json', 'model.safetensors'])
      copyFileSync(join(trained.checkpoint, name), join(target, name));
    const generation = `${JSON.stringify({ ...GENERATION_CONFIG, ...ids }, null, 2)}\n`;
    writeFiles(target, { ...files, 'generation_config.json': generation });
    const { curve } = trained;
    return {
      ...{ folder: target, numParameters: model.numParameters, steps, seconds: Math.round(curve.seconds) },
      ...{ pairs: pairs.length, tokens: training.numTokens, validationLoss: curve.validation.at(-1)?.[1], curve },
    };
  } finally {
    model.dispose();
  }
}

/**
 * @param {import('kvasir').EncoderDecoderLM} model
 * @param {{ training: import('kvasir').TokenDataset, validation: import('kvasir').TokenDataset, numBytes: number }} data
 * @param {{ steps: number, base: string, folder: string, signal: AbortSignal, report: (line: string) => void }} options
 */
async function runTraining(model, { training, validation, numBytes }, { steps, base, folder, signal, report }) {
  const { batchTokens: maxTokens, learningRate, warmupSteps } = RECIPE;
  const resume = await latestCheckpoint(folder);
  const curve = new TrainingCurve(`${folder}.curve.json`, resume === undefined ? 0 : Number(resume.match(/\d+$/)?.[0]));
  const target = await createEncoderDecoderTarget(model, { baseFolder: base });
  try {
    const { reason, checkpoint = resume } = await train({
      model: target,
      data: await pairBatches(training, { maxTokens, seed: SEED }),
      maxSteps: steps,
      learningRate,
      schedule: { kind: 'cosine', warmupSteps: Math.min(warmupSteps, Math.floor(steps / 10)), minRatio: 0.02 },
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.98, weightDecay: 0.05 },
      evaluation: {
        data: await pairBatches(validation, { maxTokens, order: 'stored' }),
        every: EVALUATE_EVERY,
        numBytes,
      },
      checkpoints: { folder, every: EVALUATE_EVERY, keepLast: 1, keepBest: false, dtype: 'float16' },
      resume,
      signal,
      onEvent(event) {
        curve.add(event);
        reportEvent(event, NAME, report);
      },
    });
    if (reason === 'aborted' || checkpoint === undefined) throw signal.reason;
    return { checkpoint, curve: curve.points };
  } finally {
    target.trained.release();
  }
}

/** @param {readonly import('./write-pair.mjs').Pair[]} pairs @param {import('kvasir').Tokenizer} tokenizer */
function datasetOf(pairs, tokenizer) {
  const documents = pairs.map(({ source, target }) => ({ source, target }));
  return tokenizeInMemory({ sources: [{ format: 'documents', documents }], tokenizer });
}

/** A target begins with the token that sources and targets end with, as BART's do. @param {import('kvasir').Tokenizer} tokenizer */
function specialIds({ eosTokenId, padTokenId }) {
  return {
    bos_token_id: eosTokenId,
    eos_token_id: eosTokenId,
    pad_token_id: padTokenId,
    decoder_start_token_id: eosTokenId,
  };
}
