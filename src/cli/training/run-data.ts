import { join } from 'node:path';
import { platform } from '#platform';
import type { BatchLoader } from '../../data/batch-loader.ts';
import { chainBatches } from '../../data/chain-batches.ts';
import { countTargetBytes } from '../../data/count-target-bytes.ts';
import { documentBatches } from '../../data/document-batches.ts';
import { mixBatches } from '../../data/mix-batches.ts';
import { type PairLoader, pairBatches } from '../../data/pair-batches.ts';
import type { PairEncoding } from '../../data/pair-encoding.ts';
import { pairsAsCompletions } from '../../data/pairs-as-completions.ts';
import { prepareTokenDataset } from '../../data/prepare-token-dataset.ts';
import { splitDataset } from '../../data/split-dataset.ts';
import type { TextSource } from '../../data/text-source.ts';
import type { TokenDataset } from '../../data/token-dataset.ts';
import type { TokenizeProgress } from '../../data/tokenize-sources.ts';
import { windowBatches } from '../../data/window-batches.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { UsageError } from '../exit-codes.ts';
import type { RunSettings } from './complete-settings.ts';
import { type DataPart, hasDocuments, sourceOf } from './data-parts.ts';
import type { PairMarks } from './pair-marks.ts';

/** What a run trains and is measured on. */
export interface RunData {
  readonly loader: BatchLoader;
  /** Batches in which as many tokens come as there are. */
  readonly batchesPerPass: number;
  readonly numTokens: number;
  /** Pairs that are longer than a row. */
  readonly numLeftOut: number;
  readonly evaluation: RunEvaluationData | undefined;
  close(): Promise<void>;
}

export interface RunEvaluationData {
  readonly loader: BatchLoader;
  readonly numBatches: number;
  readonly numTokens: number;
  /** Bytes of the text that is predicted. */
  readonly numBytes: number;
}

export interface RunDataOptions {
  readonly settings: RunSettings;
  readonly contextLength: number;
  readonly tokenizer: Tokenizer;
  /** Given for a model with an encoder, which reads sources and targets apart: by one tokenizer, or as the model has it. */
  readonly pairs: PairMarks | { readonly pairs: PairEncoding } | undefined;
  /** Where the tokens are kept. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TokenizeProgress) => void;
}

/** Batches that are evaluated at most, unless the settings say otherwise. */
const MAX_EVALUATION_BATCHES = 200;

/** The sources of data: those without weights together, each of the others by itself. */
export function sourcesOf(parts: readonly DataPart[], separator: string | undefined): readonly TextSource[][] {
  const sources = parts.map((part) => sourceOf(part, separator));
  return parts.some(({ weight }) => weight !== undefined) ? sources.map((source) => [source]) : [sources];
}

/** Throws an `Error` that names a file of the data which is not there. */
export async function expectFiles({ data, validationData = [] }: RunSettings): Promise<void> {
  const paths = [...data, ...validationData].flatMap(({ path, target }) => [
    path,
    ...(target === undefined ? [] : [target]),
  ]);
  for (const path of paths)
    if (!(await platform.isFile(path))) throw new Error(`Cannot read ${path}: there is no such file`);
}

/**
 * Tokenises the data of a run, or opens what is there of it. Throws a `RangeError` where the training data are shorter than a
 * row, and what the reading of data throws; then nothing stays open.
 */
export async function openRunData(options: RunDataOptions): Promise<RunData> {
  const opened: TokenDataset[] = [];
  const close = async () => {
    for (const dataset of opened) await dataset.close();
  };
  try {
    const open = async (name: string, sources: readonly TextSource[]) => {
      const { tokenizer, pairs, signal, onProgress } = options;
      const folder = join(options.folder, name);
      const dataset = await prepareTokenDataset({ folder, sources, tokenizer, ...pairs, signal, onProgress });
      opened.push(dataset);
      if (pairs === undefined) return pairsAsCompletions(dataset);
      expectPairs(dataset);
      return dataset;
    };
    return { ...(await makeRunData(options, open)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Open = (name: string, sources: readonly TextSource[]) => Promise<TokenDataset>;

async function makeRunData(options: RunDataOptions, open: Open): Promise<Omit<RunData, 'close'>> {
  const { settings } = options;
  const { data, separator, validation = 0, validationData } = settings;
  const groups = sourcesOf(data, separator);
  const textKind = groups.flat().some(hasDocuments) ? 'documents' : 'windows';
  const kind = options.pairs ? 'pairs' : (settings.batches ?? textKind);
  const all: TokenDataset[] = [];
  for (const [i, sources] of groups.entries()) all.push(await open(`part-${i}`, sources));
  for (const dataset of all) expectKind(dataset, kind);
  const by = kind === 'windows' ? 'tokens' : 'documents';
  const parts = await Promise.all(
    all.map((dataset) => (validation > 0 ? splitDataset(dataset, { validation, by }) : { training: dataset })),
  );
  const held = parts.flatMap((part) => ('validation' in part ? [part.validation] : []));
  if (validationData !== undefined)
    held.push(
      await open(
        'validation',
        validationData.map((part) => sourceOf(part, separator)),
      ),
    );
  const training = parts.map((part) => part.training);
  const numTokens = training.reduce((sum, dataset) => sum + dataset.numTokens, 0);
  const { loader, numLeftOut } = await trainingLoader(training, kind, options);
  return {
    ...{ loader, numLeftOut },
    batchesPerPass: Math.max(1, Math.ceil(numTokens / (options.contextLength * settings.batchSize))),
    numTokens,
    evaluation: held.length === 0 ? undefined : await evaluationData(held, kind, options),
  };
}

function expectPairs({ kind }: TokenDataset): void {
  if (kind === 'pairs') return;
  const got = kind === 'text' ? 'texts' : kind;
  throw new RangeError(
    `Cannot train: the data are ${got}, but a model with an encoder learns from pairs: JSON lines of { "source", "target" }, a .tsv, or --data with --target-data`,
  );
}

function expectKind(dataset: TokenDataset, kind: Kind): void {
  if (kind !== 'windows' || dataset.kind === 'text') return;
  throw new UsageError(
    `Cannot train: the data are ${dataset.kind}, whose prompts windows would not see; wanted --batches documents`,
  );
}

type Kind = NonNullable<RunSettings['batches']> | 'pairs';

async function trainingLoader(
  datasets: readonly TokenDataset[],
  kind: Kind,
  options: RunDataOptions,
): Promise<Pick<RunData, 'loader' | 'numLeftOut'>> {
  const { data, batchSize, seed } = options.settings;
  for (const dataset of datasets) expectARow(dataset, kind, options.contextLength);
  // A pair may take two rows, one for each side.
  const rows = datasets.length === 1 ? batchSize : kind === 'pairs' ? 2 : 1;
  const loaders = await Promise.all(datasets.map((dataset) => openLoader(dataset, kind, { ...options, rows, seed })));
  const numLeftOut = loaders.reduce((sum, loader) => sum + ('numLeftOut' in loader ? loader.numLeftOut : 0), 0);
  if (loaders.length === 1) return { loader: loaders[0]!, numLeftOut };
  const weights = data.map(({ weight = 1 }) => weight);
  const loader = mixBatches(
    loaders.map((loader, i) => ({ loader, weight: weights[i]! })),
    { seed, drawsPerBatch: Math.ceil(batchSize / rows) },
  );
  return { loader, numLeftOut };
}

/** Batches of so many rows, in an order drawn from the seed, or without one as they are stored. */
async function openLoader(
  dataset: TokenDataset,
  kind: Kind,
  options: RunDataOptions & { readonly rows: number; readonly seed: number | undefined },
): Promise<BatchLoader | PairLoader> {
  const { settings, contextLength, rows, seed, signal } = options;
  const order = seed === undefined ? ({ order: 'stored' } as const) : { seed };
  if (kind === 'windows') return windowBatches(dataset, { contextLength, batchSize: rows, ...order });
  if (kind === 'documents') return documentBatches(dataset, { contextLength, batchSize: rows, ...order, signal });
  const { leaveOutLongPairs } = settings;
  const longest = { maxSourceLength: contextLength, maxTargetLength: contextLength };
  return pairBatches(dataset, { maxTokens: rows * contextLength, ...longest, leaveOutLongPairs, ...order, signal });
}

function expectARow({ numTokens }: TokenDataset, kind: Kind, contextLength: number): void {
  if (kind !== 'windows' || numTokens > contextLength) return;
  throw new RangeError(
    `Cannot train: the training data are ${numTokens} tokens, wanted more than contextLength, ${contextLength}`,
  );
}

async function evaluationData(
  datasets: readonly TokenDataset[],
  kind: Kind,
  options: RunDataOptions,
): Promise<RunEvaluationData> {
  const { settings, tokenizer, signal } = options;
  const loaders: BatchLoader[] = [];
  for (const dataset of datasets) {
    expectTwoTokens(dataset);
    loaders.push(await openLoader(dataset, kind, { ...options, rows: settings.batchSize, seed: undefined }));
  }
  const loader = chainBatches(loaders);
  const numBatches = Math.min(loader.batchesPerEpoch!, settings.evaluationBatches ?? MAX_EVALUATION_BATCHES);
  const numTokens = datasets.reduce((sum, dataset) => sum + dataset.numTokens, 0);
  const batches = { batch: (n: number) => loader.batch(n), numBatches };
  return { loader, numBatches, numTokens, numBytes: await countTargetBytes(batches, tokenizer, { signal }) };
}

function expectTwoTokens({ numTokens }: TokenDataset): void {
  if (numTokens >= 2) return;
  throw new RangeError(
    `Cannot train: the data to measure on are ${numTokens} tokens, wanted at least 2; give more validation data, or --validation 0`,
  );
}
