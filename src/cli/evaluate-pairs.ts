import { platform } from '#platform';
import { JsonFields } from '../config/json-fields.ts';
import { createBackend } from '../create-backend.ts';
import { countTargetBytes } from '../data/count-target-bytes.ts';
import { pairBatches } from '../data/pair-batches.ts';
import { tokenizeInMemory } from '../data/tokenize-in-memory.ts';
import type { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import { ENCODER_DECODER_TYPES } from '../models/encoder-decoder-registry.ts';
import { loadEncoderDecoder } from '../models/load-encoder-decoder.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { evaluateLoss } from '../training/evaluate-loss.ts';
import { evaluationOf, type FileEvaluation } from './evaluate-file.ts';
import { LoadProgressBar } from './load-progress.ts';
import type { ModelFlags } from './model-flags.ts';
import type { Terminal } from './terminal.ts';
import { sourceOf } from './training/data-parts.ts';
import { pairMarksOf } from './training/pair-marks.ts';

/** Tokens of a batch, sources and targets together. */
const BATCH_TOKENS = 2048;

/** Whether the model of a folder has an encoder. */
export async function hasEncoder(folder: string): Promise<boolean> {
  const location = platform.join(folder, 'config.json');
  const text = await platform.readText(location);
  return text !== undefined && ENCODER_DECODER_TYPES.includes(JsonFields.parse(location, text).string('model_type'));
}

/** An encoder-decoder model, opened for evaluation. */
export interface PairEvaluator {
  readonly contextLength: number;
  readonly loadMs: number;
  /**
   * How well the model predicts the targets of a file, given their sources. Throws a `RangeError` for a file without pairs, and
   * what the reading of data throws.
   */
  evaluate(path: string, signal: AbortSignal): Promise<FileEvaluation>;
  dispose(): Promise<void>;
}

/** Opens an encoder-decoder model and its tokenizer. Throws an `Error` for a folder without one. */
export async function openPairEvaluator(
  terminal: Terminal,
  folder: string,
  { device, dtype, threads, numerics, json = false }: ModelFlags,
  signal: AbortSignal,
): Promise<PairEvaluator> {
  const start = performance.now();
  const tokenizer = await loadTokenizer(folder, { signal });
  if (tokenizer === undefined) throw new Error(`Cannot evaluate: ${folder} has no tokenizer.json`);
  const backend = await createBackend({ device, threads, numerics });
  const bar = new LoadProgressBar(terminal, { isQuiet: json });
  try {
    const onProgress = bar.update.bind(bar);
    const model = await loadEncoderDecoder(backend, folder, { dtype, signal, onProgress });
    return {
      contextLength: model.config.maxPositions,
      loadMs: performance.now() - start,
      evaluate: (path, fileSignal) => evaluateFile(model, tokenizer, path, fileSignal),
      dispose: () => backend.dispose(),
    };
  } catch (error) {
    await backend.dispose();
    throw error;
  } finally {
    bar.stop();
  }
}

async function evaluateFile(
  model: EncoderDecoderLM,
  tokenizer: Tokenizer,
  path: string,
  signal: AbortSignal,
): Promise<FileEvaluation> {
  const { maxPositions } = model.config;
  const sources = [sourceOf({ path }, undefined)];
  const dataset = await tokenizeInMemory({ sources, tokenizer, ...pairMarksOf(model.config), signal });
  if (dataset.kind !== 'pairs')
    throw new RangeError(`Cannot evaluate ${path}: it has no pairs of source and target, which the model reads`);
  const loader = await pairBatches(dataset, {
    ...{
      maxTokens: Math.max(BATCH_TOKENS, 2 * maxPositions),
      maxSourceLength: maxPositions,
      maxTargetLength: maxPositions,
    },
    ...{ order: 'stored', signal },
  });
  const numBatches = loader.batchesPerEpoch!;
  const numBytes = await countTargetBytes({ batch: (n) => loader.batch(n), numBatches }, tokenizer, { signal });
  const { loss, numTokens } = await evaluateLoss(model, loader, { signal });
  const { numDocuments } = dataset;
  return { path, ...evaluationOf({ logProb: -loss * numTokens, numDocuments, numTokens, numBytes }) };
}
