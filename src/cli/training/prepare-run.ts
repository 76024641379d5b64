import type { Backend } from '../../backend/backend.ts';
import type { EncoderDecoderConfig } from '../../config/encoder-decoder-config.ts';
import type { PairEncoding } from '../../data/pair-encoding.ts';
import { loadSourceTargetAssets } from '../../llm/text-assets.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import { EncoderDecoderLM } from '../../models/encoder-decoder-lm.ts';
import { describeLanguageModel, isEncoderDecoder, loadLanguageModel } from '../../models/language-model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { TrainingTarget } from '../../training/training-target.ts';
import { UsageError } from '../exit-codes.ts';
import { findModel } from '../find-model.ts';
import { formatBytes, formatCount } from '../format.ts';
import { LoadProgressBar } from '../load-progress.ts';
import { ProgressBar } from '../progress-bar.ts';
import type { Terminal } from '../terminal.ts';
import { codesToWiden } from './codes-to-widen.ts';
import type { RunSettings } from './complete-settings.ts';
import { createNewModel, newModelConfig } from './new-model.ts';
import { pairEncodingOf } from './pair-encoding-of.ts';
import { pairMarksOf } from './pair-marks.ts';
import { openRunData, type RunData, sourcesOf } from './run-data.ts';
import type { RunFolder } from './run-folder.ts';
import { createRunAdapter, createTrained, type RunAdapter, type RunModel } from './run-model.ts';
import { openTokenizer, prepareTokenizer } from './run-tokenizer.ts';

/** What a run is made ready with. */
export interface RunPlace {
  readonly terminal: Terminal;
  readonly backend: Backend;
  readonly folder: RunFolder;
  readonly resumes: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Everything that a training needs, on the device and opened. */
export interface PreparedRun {
  /** With the length of a row, which may be the model's. */
  readonly settings: RunSettings & { readonly contextLength: number };
  readonly model: RunModel;
  /** Of targets, where sources have another. */
  readonly tokenizer: Tokenizer;
  /** How a model with an encoder that was there before reads pairs. */
  readonly pairs: PairEncoding | undefined;
  readonly data: RunData;
  readonly adapter: RunAdapter | undefined;
  /** What the trainer is given. A target is to be released in the end. */
  readonly trained: CausalLM | TrainingTarget;
  /** Whose configuration and tokenizer go into the checkpoints of a model. */
  readonly baseFolder: string;
}

/** Rows of a model that is trained further are no longer unless the settings say so. */
const MAX_USUAL_CONTEXT = 256;

/** A new model and its data. */
export async function prepareTraining(settings: RunSettings, place: RunPlace): Promise<PreparedRun> {
  const { folder, backend, resumes, signal } = place;
  const config = await newModelConfig(settings);
  const { hasEncoder } = config;
  expectSettingsOfKind(settings, hasEncoder);
  const sources = sourcesOf(settings.data, settings.separator).flat();
  const tokenizer = resumes
    ? await openTokenizer(folder.tokenizer, signal)
    : await prepareTokenizer(settings, { sources, hasEncoder, folder: folder.tokenizer }, { signal });
  const model = await createNewModel(backend, config, settings, tokenizer);
  return finish(settings, place, { model, tokenizer, pairs: undefined, baseFolder: folder.tokenizer });
}

/** A model that is there, what is to be trained of it, and its data. */
export async function prepareFinetuning(settings: RunSettings, place: RunPlace): Promise<PreparedRun> {
  const { terminal, backend, json, signal } = place;
  const baseFolder = await findModel(terminal, settings.model!, { revision: settings.revision, json }, signal);
  const description = await describeLanguageModel(baseFolder);
  const hasEncoder = isEncoderDecoder(description);
  expectSettingsOfKind(settings, hasEncoder);
  const pairs = hasEncoder ? await loadPairEncoding(baseFolder, description.config, settings, signal) : undefined;
  const tokenizer = pairs?.tokenizer.target ?? (await openTokenizer(baseFolder, signal));
  const codes = await codesToWiden(baseFolder, settings, signal);
  if (codes.length > 0 && !json)
    terminal.note(
      `weights of ${codes.join(' and ')} are widened to float32 to be trained; --dtype names another width`,
    );
  const dtype = codes.length > 0 ? 'float32' : settings.dtype;
  const bar = new LoadProgressBar(terminal, { isQuiet: json });
  try {
    const onProgress = bar.update.bind(bar);
    const model = await loadLanguageModel(backend, baseFolder, { dtype, signal, onProgress });
    bar.stop();
    return await finish(settings, place, { model, tokenizer, pairs, baseFolder });
  } finally {
    bar.stop();
  }
}

/** How the model of a folder reads pairs, in the languages of the settings. */
async function loadPairEncoding(
  folder: string,
  config: EncoderDecoderConfig,
  { from, to }: RunSettings,
  signal: AbortSignal,
): Promise<PairEncoding> {
  return pairEncodingOf(config, await loadSourceTargetAssets(folder, config, { signal }), { from, to });
}

async function finish(
  given: RunSettings,
  { terminal, folder, json, signal }: RunPlace,
  parts: Pick<PreparedRun, 'model' | 'tokenizer' | 'pairs' | 'baseFolder'>,
): Promise<PreparedRun> {
  const { model, tokenizer, pairs } = parts;
  const contextLength = given.contextLength ?? Math.min(model.config.maxPositions, MAX_USUAL_CONTEXT);
  const settings = { ...given, contextLength };
  if (contextLength > model.config.maxPositions)
    throw new RangeError(
      `Cannot train: contextLength is ${contextLength}, but the model takes ${model.config.maxPositions} tokens`,
    );
  expectRoomForSamples(settings, parts);
  const bar = new ProgressBar(terminal, { isQuiet: json });
  try {
    const data = await openRunData({
      ...{ settings, contextLength, tokenizer, folder: folder.data, signal },
      pairs: pairs ? { pairs } : model instanceof EncoderDecoderLM ? pairMarksOf(model.config) : undefined,
      onProgress: ({ phase, bytes, totalBytes = bytes, numTokens }) =>
        bar.update({
          action: phase === 'verify' ? 'Checking' : 'Tokenising',
          ...{ loaded: bytes, total: Math.max(bytes, totalBytes) },
          amount: formatBytes(bytes),
          detail: `${formatCount(numTokens)} tokens`,
        }),
    });
    try {
      const adapter = await createRunAdapter(model, parts.baseFolder, settings);
      const trained = adapter?.target ?? (await createTrained(model, parts.baseFolder));
      return { ...parts, settings, data, adapter, trained };
    } catch (error) {
      await data.close();
      throw error;
    }
  } finally {
    bar.stop();
  }
}

function expectRoomForSamples(
  { samplePrompt = [] }: RunSettings,
  { model, tokenizer, pairs }: Pick<PreparedRun, 'model' | 'tokenizer' | 'pairs'>,
): void {
  const { maxPositions } = model.config;
  for (const prompt of samplePrompt) {
    const { length } = pairs ? pairs.tokenizer.encodeSource(prompt, pairs) : tokenizer.encode(prompt);
    if (length === 0 || length >= maxPositions)
      throw new RangeError(
        `Cannot train: samplePrompt ${JSON.stringify(prompt)} has ${length} tokens, wanted 1 to ${maxPositions - 1}`,
      );
  }
}

/** Throws a `UsageError` for settings that the model has no use for. */
function expectSettingsOfKind(settings: RunSettings, hasEncoder: boolean): void {
  const { batches, leaveOutLongPairs } = settings;
  const language = (['from', 'to'] as const).find((name) => settings[name] !== undefined);
  if (!hasEncoder && language !== undefined)
    throw new UsageError(`Cannot train: --${language} is given, but the model has no encoder that reads a source`);
  if (hasEncoder && batches !== undefined)
    throw new UsageError(`Cannot train: --batches is ${batches}, but a model with an encoder reads pairs`);
  if (!hasEncoder && leaveOutLongPairs !== undefined)
    throw new UsageError(
      'Cannot train: --leave-out-long-pairs is given, but the model has no encoder, and cuts what is long',
    );
}
