import { findForeignToken } from '../base/find-foreign-token.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { ModelConfig } from '../config/model-config.ts';
import type { SourceTokens, TrainingBatch } from '../data/training-batch.ts';

/** Throws a `RangeError` for a batch that a decoder-only model cannot be trained on. */
export function checkBatch(batch: TrainingBatch, config: ModelConfig): void {
  if (batch.source !== undefined) fail('it has sources, which a decoder-only model does not read');
  checkTokens(batch, config);
}

/** Throws a `RangeError` for a batch that an encoder-decoder model cannot be trained on. */
export function checkPairBatch(batch: TrainingBatch, config: EncoderDecoderConfig): void {
  const { source, spans } = batch;
  if (source === undefined)
    throw new RangeError('Cannot use a training batch: it has no sources, which an encoder-decoder model reads');
  checkTokens(batch, config);
  checkSide(source, { vocabSize: config.sourceVocabSize, maxPositions: config.maxPositions }, 'source ');
  if (source.spans.length !== spans.length) fail(`${source.spans.length} sources for ${spans.length} targets`);
}

interface Limits {
  readonly vocabSize: number;
  readonly maxPositions: number;
}

function checkTokens(batch: TrainingBatch, limits: Limits): void {
  const { tokenIds, targetIds, lossWeights } = batch;
  const numTokens = tokenIds.length;
  if (numTokens === 0) fail('it has no tokens');
  for (const [name, { length }] of Object.entries({ targetIds, lossWeights }))
    if (length !== numTokens) fail(`${length} ${name} for ${numTokens} tokens`);
  const foreign = findForeignToken(targetIds, limits.vocabSize);
  if (foreign !== undefined) fail(`token id ${foreign}, wanted 0 to ${limits.vocabSize - 1}`);
  const weight = lossWeights.find((weight) => !(weight >= 0 && weight < Infinity));
  if (weight !== undefined) fail(`a loss weight of ${weight}, wanted 0 or more`);
  checkSide(batch, limits);
}

/** The tokens of one side, and their places. */
function checkSide({ tokenIds, positions, spans }: SourceTokens, { vocabSize, maxPositions }: Limits, side = ''): void {
  const numTokens = tokenIds.length;
  if (positions.length !== numTokens) fail(`${positions.length} ${side}positions for ${numTokens} tokens`);
  const foreign = findForeignToken(tokenIds, vocabSize);
  if (foreign !== undefined) fail(`${side}token id ${foreign}, wanted 0 to ${vocabSize - 1}`);
  const position = positions.find((position) => !(position >= 0 && position < maxPositions));
  if (position !== undefined) fail(`${side}position ${position}, but the model takes ${maxPositions}`);
  let end = 0;
  for (const { start, length } of spans) {
    if (start !== end || !(length >= 1))
      fail(`a ${side}span of ${length} tokens from ${start} on, wanted one from ${end} on`);
    end = start + length;
  }
  if (end !== numTokens) fail(`${side}spans of ${end} tokens in all, but it has ${numTokens}`);
}

function fail(problem: string): never {
  throw new RangeError(`Cannot use a training batch: ${problem}`);
}
