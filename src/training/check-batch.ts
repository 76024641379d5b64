import { findForeignToken } from '../base/find-foreign-token.ts';
import type { ModelConfig } from '../config/model-config.ts';
import type { TrainingBatch } from '../data/training-batch.ts';

/** Throws a `RangeError` for a batch that a decoder-only model cannot be trained on. */
export function checkBatch(batch: TrainingBatch, { vocabSize, maxPositions }: ModelConfig): void {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot use a training batch: ${problem}`);
  };
  const { tokenIds, targetIds, positions, lossWeights, spans, source } = batch;
  if (source !== undefined) fail('it has sources, which a decoder-only model does not read');
  const numTokens = tokenIds.length;
  if (numTokens === 0) fail('it has no tokens');
  for (const [name, { length }] of Object.entries({ targetIds, positions, lossWeights }))
    if (length !== numTokens) fail(`${length} ${name} for ${numTokens} tokens`);
  const foreign = findForeignToken(tokenIds, vocabSize) ?? findForeignToken(targetIds, vocabSize);
  if (foreign !== undefined) fail(`token id ${foreign}, wanted 0 to ${vocabSize - 1}`);
  const weight = lossWeights.find((weight) => !(weight >= 0 && weight < Infinity));
  if (weight !== undefined) fail(`a loss weight of ${weight}, wanted 0 or more`);
  const position = positions.find((position) => !(position >= 0 && position < maxPositions));
  if (position !== undefined) fail(`position ${position}, but the model takes ${maxPositions}`);
  let end = 0;
  for (const { start, length } of spans) {
    if (start !== end || !(length >= 1)) fail(`a span of ${length} tokens from ${start} on, wanted one from ${end} on`);
    end = start + length;
  }
  if (end !== numTokens) fail(`spans of ${end} tokens in all, but it has ${numTokens}`);
}
