import { loadMergedFrom } from '../adapters/load-merged-model.ts';
import type { Backend } from '../backend/backend.ts';
import { type BackendOptions, createBackend } from '../create-backend.ts';
import { dequantizedWeights } from '../formats/gguf/dequantized-weights.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { resolveModel } from '../hub/resolve-model.ts';
import {
  describeLanguageModel,
  isEncoderDecoder,
  type LanguageModel,
  type LanguageModelDescription,
  loadLanguageModel,
  loadLanguageModelFrom,
} from '../models/language-model.ts';
import { openStoredWeights } from '../models/open-model-weights.ts';
import { randomWeights } from '../models/random-weights.ts';
import type { ChatTemplate } from '../tokenizers/chat-template.ts';
import { createSourceTargetTokenizer } from '../tokenizers/source-target/create-source-target-tokenizer.ts';
import { loadSourceTargetTokenizer } from '../tokenizers/source-target/load-source-target-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { checkLoadOptions, type LoadOptions } from './load-options.ts';
import { NamedAdapters } from './named-adapters.ts';
import { defaultsOf, loadSourceTargetAssets, loadTextAssets, type TextAssets } from './text-assets.ts';

/** What an `LLM` is made of. */
export interface LoadedParts {
  readonly model: LanguageModel;
  readonly assets: TextAssets;
  /** Guesses tokens for the model. */
  readonly draft: LanguageModel | undefined;
  readonly adapters: NamedAdapters;
}

/** How to make a model of random weights. */
export interface RandomOptions extends LoadOptions {
  readonly tokenizer?: Tokenizer | undefined;
  readonly chatTemplate?: ChatTemplate | undefined;
  /** Of the weights; 0 unless given. */
  readonly seed?: number | undefined;
}

/** Loads a model from a folder or by its hub id; if that or `build` fails, nothing stays behind. */
export async function loadParts<Result>(
  pathOrHubId: string,
  options: LoadOptions,
  build: (parts: LoadedParts) => Result,
): Promise<Result> {
  checkLoadOptions(options);
  const { signal, onProgress } = options;
  const folder = await resolveModel(pathOrHubId, { revision: options.revision, signal, onProgress });
  const opening = openModel(folder, { signal }); // while the backend starts
  try {
    return await onBackend(options, async (backend) => {
      const opened = await opening;
      const { description } = opened;
      const loadAssets = isEncoderDecoder(description) ? loadSourceTargetAssets : loadTextAssets;
      // While files are read, this thread is free to read the tokenizer.
      const [model, assets] = await bothEnded(
        loadOpened(backend, opened, options),
        loadAssets(folder, description.config, { signal }),
      );
      return build({ model, assets, ...(await loadCompany(model, options, assets)) });
    });
  } finally {
    await closeOpened(opening.then(({ source }) => source));
  }
}

/** Makes a model of random weights; if that or `build` fails, nothing stays behind. */
export async function randomParts<Result>(
  description: LanguageModelDescription,
  options: RandomOptions,
  build: (parts: LoadedParts) => Result,
): Promise<Result> {
  const { tokenizer, chatTemplate, seed = 0, ...loadOptions } = options;
  checkLoadOptions(loadOptions);
  return onBackend(loadOptions, async (backend) => {
    const source = randomWeights(description, seed);
    const model = await loadOpened(backend, { description, source }, loadOptions);
    const assets = givenAssets(model, { tokenizer, chatTemplate });
    return build({ model, assets, ...(await loadCompany(model, loadOptions, assets)) });
  });
}

/** A model's description and its weights, which its files or anything else may be the source of. */
interface OpenedModel {
  readonly description: LanguageModelDescription;
  readonly source: WeightSource;
}

/** Reads the configuration of a model's folder or GGUF file, and opens its weights. */
async function openModel(folder: string, options: { readonly signal: AbortSignal | undefined }): Promise<OpenedModel> {
  const opening = openStoredWeights(folder, options);
  try {
    const [description, source] = await bothEnded(describeLanguageModel(folder), opening);
    return { description, source };
  } catch (error) {
    await closeOpened(opening);
    throw error;
  }
}

/** Closes weights that were being opened, if they were. */
function closeOpened(opening: Promise<WeightSource>): Promise<void> {
  return opening.then(
    (source) => source.close(),
    () => {},
  );
}

function loadOpened(
  backend: Backend,
  { description, source }: OpenedModel,
  { dtype, mergeAdapter, signal, onProgress }: LoadOptions,
): Promise<LanguageModel> {
  if (mergeAdapter === undefined)
    return loadLanguageModelFrom(backend, description, source, { dtype, signal, onProgress });
  const floats = dequantizedWeights(source);
  return loadMergedFrom(backend, description, floats, { dtype, signal, onProgress, mergeAdapter });
}

/** The assets of a model whose tokenizer is given: source and target have the same. */
export function givenAssets(
  model: LanguageModel,
  { tokenizer, chatTemplate }: Pick<TextAssets, 'tokenizer' | 'chatTemplate'>,
): TextAssets {
  const sourceTarget =
    tokenizer && model.encoder && createSourceTargetTokenizer({ source: tokenizer, target: tokenizer });
  return { tokenizer, sourceTarget, chatTemplate, defaults: defaultsOf(model.config) };
}

/** What goes with a model: its adapters, and the model that guesses for it. */
async function loadCompany(
  model: LanguageModel,
  options: LoadOptions,
  assets: TextAssets,
): Promise<Pick<LoadedParts, 'adapters' | 'draft'>> {
  const adapters = await NamedAdapters.load(model, options.adapters ?? {}, { signal: options.signal });
  return { adapters, draft: await loadDraft(model.backend, options, assets) };
}

async function loadDraft(
  backend: Backend,
  options: LoadOptions,
  { tokenizer, sourceTarget }: TextAssets,
): Promise<LanguageModel | undefined> {
  const { draftModel, dtype, signal, onProgress } = options;
  if (draftModel === undefined) return undefined;
  const folder = await resolveModel(draftModel, { signal, onProgress });
  const draft = await loadSourceTargetTokenizer(folder, { signal });
  if (tokenizer !== undefined && draft !== undefined) expectSameTokens(tokenizer, draft.target, draftModel);
  if (sourceTarget !== undefined && draft !== undefined && draft.source !== draft.target)
    expectSameTokens(sourceTarget.source, draft.source, draftModel);
  return loadLanguageModel(backend, folder, { dtype, signal, onProgress });
}

function expectSameTokens(tokenizer: Tokenizer, other: Tokenizer, name: string): void {
  for (let id = 0; id < Math.min(tokenizer.vocabSize, other.vocabSize); id++) {
    const [token, otherToken] = [tokenizer.idToToken(id), other.idToToken(id)];
    if (token !== otherToken)
      throw new TypeError(
        `Cannot draft with ${name}: its token ${id} is ${JSON.stringify(otherToken)}, but the model's is ${JSON.stringify(token)}; both must have one vocabulary`,
      );
  }
}

/** Both results, or the first failure once both have ended, so that nothing goes on behind it. */
async function bothEnded<First, Second>(first: Promise<First>, second: Promise<Second>): Promise<[First, Second]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

/** Starts a backend and disposes it again if what is done on it fails. */
async function onBackend<Result>(
  options: BackendOptions,
  body: (backend: Backend) => Promise<Result>,
): Promise<Result> {
  const { device, threads, numerics } = options;
  const backend = await createBackend({ device, threads, numerics });
  try {
    return await body(backend);
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}
