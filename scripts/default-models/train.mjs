// Makes the models that ship with Kvasir, from nothing but this folder. `--help` says more.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createBackend, tokenizeInMemory } from 'kvasir';
import { checkWriting, measureDrafting } from './measure-stories.mjs';
import { measureNormalForms } from './normal-forms/measure.mjs';
import { NAME as NORMAL_FORMS } from './normal-forms/shape.mjs';
import { trainNormalForms } from './normal-forms/train.mjs';
import { quantizeTrained, TRAINED_SCHEMES } from './quantize-trained.mjs';
import { SHAPES } from './shapes.mjs';
import { storyRandom } from './story-random.mjs';
import { openTokenizer, trainStoryTokenizer } from './story-tokenizer.mjs';
import { writeStory } from './story-writer.mjs';
import { trainModel } from './train-model.mjs';
import { renewTrainingRecord, writeTrainingRecord } from './training-record.mjs';

const NAMES = [...SHAPES.map(({ name }) => name), NORMAL_FORMS];

const HELP = `Usage: npm run train:defaults -- [options]

Trains the models in models/: writes stories by the grammar of this folder, trains a tokenizer on them, then each model, and
likewise the model of normal forms on pairs; at the end the models write stories, which the grammar's checker reads, and normal
forms of inputs that were held out. What was interrupted goes on where it stopped. The same machine makes the same files.

  --only NAMES       some of ${NAMES.join(', ')}, with commas between
  --measure          train nothing, measure the models that are there; with --quantize, write their float16 as codes before
  --stories N        stories to learn from (default: 60000)
  --steps N          steps of each stage, for a trial
  --quantize NAME    weights of ${TRAINED_SCHEMES.join(' or ')} in the files, or none: float16 (default: int8)
  --output DIR       where the models go (default: models)
  --work DIR         checkpoints of a training under way (default: models/.training); delete it to begin anew
  --threads N        threads that compute (default: the processors)
  --help             this text`;

/** Stories that no model has seen, numbered from here. */
const FIRST_HELD_OUT = 1_000_000;
const NUM_HELD_OUT = 1000;
/** What is written unless told otherwise. */
const USUAL_SCHEME = 'int8';
/** Stories that quantisation to 4 bits looks at. */
const NUM_CALIBRATION = 150;
const STORY_SEED = 0;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    measure: { type: 'boolean', default: false },
    stories: { type: 'string', default: '60000' },
    steps: { type: 'string' },
    quantize: { type: 'string' },
    output: { type: 'string', default: fileURLToPath(new URL('../../models', import.meta.url)) },
    work: { type: 'string' },
    threads: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await run();

async function run() {
  const { output } = values;
  const work = values.work ?? join(output, '.training');
  const controller = new AbortController();
  process.once('SIGINT', () =>
    controller.abort(new Error('interrupted; the same command goes on from the last checkpoint')),
  );
  const start = performance.now();
  const report = (/** @type {string} */ line) => console.error(`${elapsed(start)}  ${line}`);
  try {
    const names = values.only?.split(',') ?? NAMES;
    const unknown = names.find((name) => !NAMES.includes(name));
    if (unknown !== undefined) throw new RangeError(`--only has ${unknown}, known: ${NAMES.join(', ')}`);
    const shapes = SHAPES.filter(({ name }) => names.includes(name));
    const scheme = schemeOf(values.quantize ?? USUAL_SCHEME);
    const options = { output, work, scheme, signal: controller.signal, report };
    if (!values.measure && shapes.length > 0) await trainAll(shapes, options);
    if (!values.measure && names.includes(NORMAL_FORMS)) await trainPairs(options);
    if (values.measure && values.quantize !== undefined) await quantizeAll(names, options);
    if (shapes.length > 0) await measureAll(output, report);
    if (names.includes(NORMAL_FORMS)) await measurePairs(output, report);
    if (values.only === undefined && !values.measure) rmSync(work, { recursive: true, force: true });
  } catch (error) {
    console.error(`Cannot train the default models: ${error.message}`);
    process.exitCode = controller.signal.aborted ? 130 : 1;
  }
}

/**
 * @typedef {object} Options
 * @property {string} output
 * @property {string} work
 * @property {import('./quantize-trained.mjs').TrainedScheme | undefined} scheme undefined for float16
 * @property {AbortSignal} signal
 * @property {(line: string) => void} report
 */

/** @param {readonly import('./shapes.mjs').Shape[]} shapes @param {Options} options */
async function trainAll(shapes, { output, work, scheme, signal, report }) {
  const texts = writeStories(0, Number(values.stories));
  const heldOut = writeStories(FIRST_HELD_OUT, NUM_HELD_OUT);
  report(`${texts.length} stories written; training the tokenizer`);
  const files = await trainStoryTokenizer(texts.map(({ text }) => text));
  const tokenizer = openTokenizer(files);
  const dataset = (/** @type {readonly { text: string }[]} */ documents) =>
    tokenizeInMemory({ sources: [{ format: 'documents', documents }], tokenizer });
  const [training, validation] = [await dataset(texts), await dataset(heldOut)];
  report(`${training.numTokens} tokens, ${(training.numTokens / texts.length).toFixed(1)} a story`);
  const numBytes = heldOut.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  await onBackend(async (backend) => {
    for (const shape of shapes) {
      const stages = shape.stages.map((stage) => ({
        ...stage,
        steps: values.steps ? Number(values.steps) : stage.steps,
      }));
      const steps = stages.reduce((sum, stage) => sum + stage.steps, 0);
      const common = { training, validation, numBytes, tokenizer, files, work, output, signal, report };
      const { seconds, folder, validationLoss, numParameters, curve } = await trainModel(
        backend,
        { ...shape, stages },
        common,
      );
      report(`${shape.name}: ${numParameters} parameters, ${steps} steps in ${seconds.toFixed(0)} s`);
      if (scheme !== undefined) await quantizeTrained(backend, folder, { scheme, texts: calibrationTexts() });
      writeTrainingRecord(folder, {
        ...{ numParameters, steps, seconds: Math.round(seconds), stories: texts.length, tokens: training.numTokens },
        ...{ validationLoss, dataEntropy: entropyOf(heldOut, validation.numTokens), curve },
      });
    }
  });
}

/** @param {string} name */
function schemeOf(name) {
  if (name === 'none') return undefined;
  const scheme = TRAINED_SCHEMES.find((known) => known === name);
  if (scheme === undefined)
    throw new RangeError(`--quantize is ${name}, known: ${[...TRAINED_SCHEMES, 'none'].join(', ')}`);
  return scheme;
}

/** @param {Options} options */
async function trainPairs({ scheme, ...options }) {
  const steps = values.steps === undefined ? undefined : Number(values.steps);
  await onBackend(async (backend) => {
    const { folder, ...training } = await trainNormalForms(backend, { ...options, steps });
    if (scheme !== undefined) await quantizeTrained(backend, folder, { scheme, texts: undefined });
    writeTrainingRecord(folder, training);
  });
}

/** Writes models that are there in float16 as codes. @param {readonly string[]} names @param {Options} options */
async function quantizeAll(names, { output, scheme, report }) {
  if (scheme === undefined) return;
  await onBackend(async (backend) => {
    for (const name of names) {
      const folder = join(output, name);
      if (!existsSync(join(folder, 'model.safetensors'))) continue;
      const texts = name === NORMAL_FORMS ? undefined : calibrationTexts();
      await quantizeTrained(backend, folder, { scheme, texts });
      renewTrainingRecord(folder);
      report(`${name}: weights of ${scheme}`);
    }
  });
}

/** @param {(backend: import('kvasir').Backend) => Promise<void>} body */
async function onBackend(body) {
  const backend = await createBackend({ threads: values.threads === undefined ? undefined : Number(values.threads) });
  try {
    await body(backend);
  } finally {
    await backend.dispose();
  }
}

/** @param {string} output @param {(line: string) => void} report */
async function measurePairs(output, report) {
  const folder = join(output, NORMAL_FORMS);
  if (!existsSync(join(folder, 'model.safetensors'))) return;
  report(`normal forms of held-out inputs: ${JSON.stringify(await measureNormalForms(folder, 2000), null, 2)}`);
}

/** @param {string} output @param {(line: string) => void} report */
async function measureAll(output, report) {
  const [stories, draft] = SHAPES.map(({ name }) => join(output, name));
  if (!existsSync(join(stories, 'model.safetensors'))) return;
  for (const prompt of ['', 'Once upon a time']) {
    const asked = { count: 500, prompt, seed: 1 };
    const plain = await checkWriting(stories, { ...asked, sampling: { temperature: 0.8, minP: 0 } });
    report(`stories from ${JSON.stringify(prompt)} at temperature 0.8: ${JSON.stringify(plain)}`);
    report(`the same with the model's own settings: ${JSON.stringify(await checkWriting(stories, asked))}`);
  }
  if (!existsSync(join(draft, 'model.safetensors'))) return;
  report(`drafted: ${JSON.stringify(await measureDrafting(stories, draft, 40))}`);
}

/**
 * What no model of the stories can have a lower loss than: the entropy of the grammar's choices, in nats for each token that is
 * predicted.
 * @param {readonly { bits: number }[]} stories
 * @param {number} numTokens of all of them, with the mark before each
 */
function entropyOf(stories, numTokens) {
  const bits = stories.reduce((sum, story) => sum + story.bits, 0);
  return (bits * Math.LN2) / (numTokens - stories.length);
}

function writeStories(/** @type {number} */ first, /** @type {number} */ count) {
  return Array.from({ length: count }, (_, i) => writeStory(storyRandom(STORY_SEED, first + i)));
}

function calibrationTexts() {
  return writeStories(0, NUM_CALIBRATION).map(({ text }) => text);
}

function elapsed(/** @type {number} */ start) {
  const seconds = Math.round((performance.now() - start) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}`;
}
