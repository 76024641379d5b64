import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { findForeignToken } from '../base/find-foreign-token.ts';
import { blocksNeeded, sequencesNeeded } from './job.ts';
import type { EngineRequest } from './request.ts';
import type { StepModel } from './step-model.ts';

/** What an engine has to serve requests with. */
interface Means {
  readonly model: StepModel;
  readonly numBlocks: number;
  readonly maxNumSequences: number;
  readonly hasDraftModel: boolean;
}

/** Throws a `RangeError` or `TypeError` for a request that the engine could never bring to its end. */
export function expectServable(request: EngineRequest, means: Means): void {
  expectTokenIds(request, means.model.config.vocabSize);
  for (const sourceIds of sourcesOf(request)) expectSource(sourceIds, means.model);
  const { drafting, guidance, maxLength, promptIds } = request;
  if (drafting !== undefined && drafting.proposer === undefined && !means.hasDraftModel)
    throw new TypeError('Cannot take a request: it wants drafts of a draft model, but the engine has none');
  const { numLikeliest } = request.search;
  if (guidance !== undefined && numLikeliest !== undefined)
    throw new TypeError('Cannot take a request: guidance moves logits, but its search needs no rows of them');
  if (numLikeliest !== undefined && !(Number.isInteger(numLikeliest) && numLikeliest > 0))
    throw new RangeError(
      `Cannot take a request: its search needs the ${numLikeliest} likeliest tokens, wanted at least 1`,
    );
  const { maxPositions } = means.model.config;
  const longest = maxLength + Math.max(0, (guidance?.promptIds.length ?? 0) - promptIds.length);
  if (longest > maxPositions)
    throw new RangeError(
      `Cannot take a request: it may come to ${longest} tokens, but the model takes ${maxPositions}`,
    );
  const sequences = sequencesNeeded(request);
  if (sequences > means.maxNumSequences)
    throw new RangeError(
      `Cannot take a request: it has ${sequences} sequences, but maxNumSequences is ${means.maxNumSequences}`,
    );
  const wanted = blocksNeeded(request);
  if (wanted > means.numBlocks)
    throw new RangeError(
      `Cannot take a request: it may need ${wanted} cache blocks of ${CACHE_BLOCK_SIZE} tokens, but the cache has ${means.numBlocks}`,
    );
}

/** Of the request, and of its guidance. */
function sourcesOf({ sourceIds, guidance }: EngineRequest): readonly (readonly number[] | undefined)[] {
  return guidance === undefined ? [sourceIds] : [sourceIds, guidance.sourceIds];
}

function expectSource(sourceIds: readonly number[] | undefined, { encoder }: StepModel): void {
  if ((sourceIds === undefined) !== (encoder === undefined)) {
    const problem = encoder === undefined ? 'it has a source, but the model has no encoder' : 'it has no source';
    throw new TypeError(`Cannot take a request: ${problem}`);
  }
  if (sourceIds === undefined || encoder === undefined) return;
  const wrong = findForeignToken(sourceIds, encoder.vocabSize);
  if (wrong !== undefined)
    throw new RangeError(
      `Cannot take a request: token id ${wrong} in its source, wanted 0 to ${encoder.vocabSize - 1}`,
    );
  if (sourceIds.length === 0)
    throw new RangeError('Cannot take a request: its source has no tokens, wanted at least one');
  if (sourceIds.length > encoder.maxPositions)
    throw new RangeError(
      `Cannot take a request: its source has ${sourceIds.length} tokens, but the model takes at most ${encoder.maxPositions}`,
    );
}

function expectTokenIds({ promptIds, guidance }: EngineRequest, vocabSize: number): void {
  const wrong = findForeignToken(promptIds, vocabSize) ?? findForeignToken(guidance?.promptIds ?? [], vocabSize);
  if (wrong !== undefined)
    throw new RangeError(`Cannot take a request: token id ${wrong}, wanted 0 to ${vocabSize - 1}`);
  if (promptIds.length === 0 || guidance?.promptIds.length === 0)
    throw new RangeError('Cannot take a request: its prompt has no tokens, wanted at least one');
}
