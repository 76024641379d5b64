import { loadMergedFrom, loadMergedModel } from '../adapters/load-merged-model.ts';
import type { Backend } from '../backend/backend.ts';
import { type BackendOptions, createBackend } from '../create-backend.ts';
import { resolveModel } from '../hub/resolve-model.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { describeModel, loadModel, loadModelFrom } from '../models/load-model.ts';
import type { ModelDescription } from '../models/model-description.ts';
import { randomWeights } from '../models/random-weights.ts';
import type { ChatTemplate } from '../tokenizers/chat-template.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { checkLoadOptions, type LoadOptions } from './load-options.ts';
import { NamedAdapters } from './named-adapters.ts';
import { defaultsOf, loadTextAssets, type TextAssets } from './text-assets.ts';

/** What an `LLM` is made of. */
export interface LoadedParts {
  readonly model: CausalLM;
  readonly assets: TextAssets;
  /** Guesses tokens for the model. */
  readonly draft: CausalLM | undefined;
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
  const { dtype, mergeAdapter, signal, onProgress } = options;
  const folder = await resolveModel(pathOrHubId, { revision: options.revision, signal, onProgress });
  return onBackend(options, async (backend) => {
    const { config } = await describeModel(folder);
    // While threads start and files are read, this thread is free to read the tokenizer.
    const [model, assets] = await bothEnded(
      mergeAdapter === undefined
        ? loadModel(backend, folder, { dtype, signal, onProgress })
        : loadMergedModel(backend, folder, { dtype, signal, onProgress, mergeAdapter }),
      loadTextAssets(folder, config, { signal }),
    );
    return build({ model, assets, ...(await loadCompany(model, options, assets.tokenizer)) });
  });
}

/** Makes a model of random weights; if that or `build` fails, nothing stays behind. */
export async function randomParts<Result>(
  description: ModelDescription,
  options: RandomOptions,
  build: (parts: LoadedParts) => Result,
): Promise<Result> {
  const { tokenizer, chatTemplate, seed = 0, ...loadOptions } = options;
  checkLoadOptions(loadOptions);
  const { dtype, mergeAdapter, signal, onProgress } = loadOptions;
  return onBackend(loadOptions, async (backend) => {
    const source = randomWeights(description, seed);
    const model =
      mergeAdapter === undefined
        ? await loadModelFrom(backend, description, source, { dtype, signal, onProgress })
        : await loadMergedFrom(backend, description, source, { dtype, signal, onProgress, mergeAdapter });
    const assets = { tokenizer, chatTemplate, defaults: defaultsOf(model.config) };
    return build({ model, assets, ...(await loadCompany(model, loadOptions, tokenizer)) });
  });
}

/** What goes with a model: its adapters, and the model that guesses for it. */
async function loadCompany(
  model: CausalLM,
  options: LoadOptions,
  tokenizer: Tokenizer | undefined,
): Promise<Pick<LoadedParts, 'adapters' | 'draft'>> {
  const adapters = await NamedAdapters.load(model, options.adapters ?? {}, { signal: options.signal });
  return { adapters, draft: await loadDraft(model.backend, options, tokenizer) };
}

async function loadDraft(
  backend: Backend,
  options: LoadOptions,
  tokenizer: Tokenizer | undefined,
): Promise<CausalLM | undefined> {
  const { draftModel, dtype, signal, onProgress } = options;
  if (draftModel === undefined) return undefined;
  const folder = await resolveModel(draftModel, { signal, onProgress });
  const draftTokenizer = await loadTokenizer(folder, { signal });
  if (tokenizer !== undefined && draftTokenizer !== undefined) expectSameTokens(tokenizer, draftTokenizer, draftModel);
  return loadModel(backend, folder, { dtype, signal, onProgress });
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
