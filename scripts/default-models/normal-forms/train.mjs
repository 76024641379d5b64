import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  createEncoderDecoderTarget,
  HuggingFaceTokenizer,
  initialEncoderDecoderWeights,
  latestCheckpoint,
  loadEncoderDecoder,
  loadEncoderDecoderFrom,
  pairBatches,
  parseEncoderDecoderConfig,
  tokenizeInMemory,
  train,
} from 'kvasir';
import { writeFiles } from '../story-tokenizer.mjs';
import { joined, reportEvent } from '../train-model.mjs';
import { TrainingCurve } from '../training-curve.mjs';
import { BATCH_TOKENS, CONFIG, GENERATION_CONFIG, NAME, STAGES, WARMUP_STEPS } from './shape.mjs';
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
 * Trains the model of normal forms in its stages from the beginning, or goes on where a training that was interrupted stopped, and
 * writes it to `output` in Hugging Face's layout, in float16.
 * @param {import('kvasir').Backend} backend
 * @param {{ steps: number | undefined, work: string, output: string, signal: AbortSignal, report: (line: string) => void }} options
 *   `steps` of each stage, for a trial
 */
export async function trainNormalForms(backend, { steps, work, output, signal, report }) {
  const files = await trainPairTokenizer(writePairs(0, NUM_TOKENIZER_PAIRS));
  const tokenizer = new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
  const ids = specialIds(tokenizer);
  const base = join(work, `${NAME}-base`);
  const config = `${JSON.stringify({ ...CONFIG, vocab_size: tokenizer.vocabSize, ...ids }, null, 2)}\n`;
  writeFiles(base, { ...files, 'config.json': config });
  const description = parseEncoderDecoderConfig('config.json', config);
  const heldOut = Array.from({ length: NUM_VALIDATION_PAIRS }, (_, i) =>
    writePair(VALIDATION_SEED, i, { heldOut: true }),
  );
  const validation = await datasetOf(heldOut, tokenizer);
  const numBytes = heldOut.reduce((sum, { target }) => sum + target.length, 0);
  const stages = [];
  let numTokens = 0;
  for (const [i, given] of STAGES.entries()) {
    const stage = { ...given, steps: steps ?? given.steps };
    const training = await datasetOf(writePairs(stage.firstPair, stage.numPairs), tokenizer);
    numTokens += training.numTokens;
    const place = { name: `${NAME}, stage ${i + 1}`, base, folder: join(work, `${NAME}-${i + 1}`), seed: i };
    report(`${place.name}: ${stage.numPairs} pairs, ${training.numTokens} tokens`);
    const before = stages.at(-1)?.checkpoint;
    const model =
      before === undefined
        ? await loadEncoderDecoderFrom(backend, description, initialEncoderDecoderWeights(description, SEED))
        : await loadEncoderDecoder(backend, before, { dtype: 'float32' });
    try {
      const data = { training, validation, numBytes };
      stages.push(await runStage(model, stage, data, { ...place, signal, report }));
    } finally {
      model.dispose();
    }
  }
  const { checkpoint, curve, numParameters } = /** @type {typeof stages[number]} */ (stages.at(-1));
  const folder = join(output, NAME);
  mkdirSync(folder, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) copyFileSync(join(checkpoint, name), join(folder, name));
  const generation = `${JSON.stringify({ ...GENERATION_CONFIG, ...ids }, null, 2)}\n`;
  writeFiles(folder, { ...files, 'generation_config.json': generation });
  const sum = (/** @type {(stage: typeof stages[number]) => number} */ value) =>
    stages.reduce((all, stage) => all + value(stage), 0);
  return {
    ...{ folder, numParameters, steps: sum((stage) => stage.steps), seconds: Math.round(sum(({ curve }) => curve.seconds)) },
    ...{ pairs: STAGES.reduce((all, { numPairs }) => all + numPairs, 0), tokens: numTokens },
    ...{ validationLoss: curve.validation.at(-1)?.[1], curve: joined(stages) },
  };
}

/**
 * @param {import('kvasir').EncoderDecoderLM} model
 * @param {import('./shape.mjs').Stage} stage
 * @param {{ training: import('kvasir').TokenDataset, validation: import('kvasir').TokenDataset, numBytes: number }} data
 * @param {{ name: string, base: string, folder: string, seed: number, signal: AbortSignal, report: (line: string) => void }} options
 */
async function runStage(model, { steps, learningRate }, { training, validation, numBytes }, options) {
  const { name, base, folder, seed, signal, report } = options;
  const resume = await latestCheckpoint(folder);
  const done = resume === undefined ? 0 : Number(resume.match(/\d+$/)?.[0]);
  const curve = new TrainingCurve(`${folder}.curve.json`, done);
  const target = await createEncoderDecoderTarget(model, { baseFolder: base });
  const warmupSteps = Math.min(WARMUP_STEPS, Math.floor(steps / 10));
  const data = await pairBatches(validation, { maxTokens: BATCH_TOKENS, order: 'stored' });
  try {
    const { reason, checkpoint = resume } = await train({
      model: target,
      data: await pairBatches(training, { maxTokens: BATCH_TOKENS, seed }),
      maxSteps: steps,
      learningRate,
      schedule: { kind: 'cosine', warmupSteps, minRatio: 0.02 },
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.98, weightDecay: 0.05 },
      evaluation: { data, every: EVALUATE_EVERY, numBytes },
      checkpoints: { folder, every: EVALUATE_EVERY, keepLast: 1, keepBest: false, dtype: 'float16' },
      resume,
      signal,
      onEvent(event) {
        curve.add(event);
        reportEvent(event, name, report);
      },
    });
    if (reason === 'aborted' || checkpoint === undefined) throw signal.reason;
    return { checkpoint, steps, numParameters: model.numParameters, curve: curve.points };
  } finally {
    target.trained.release();
  }
}

function writePairs(/** @type {number} */ first, /** @type {number} */ count) {
  return Array.from({ length: count }, (_, i) => writePair(SEED, first + i));
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
