import { Engine } from '../src/engine/engine.ts';
import { type EngineOptions, engineLimits } from '../src/engine/engine-options.ts';
import type { EngineRequest, RequestReport } from '../src/engine/request.ts';
import { DraftModel } from '../src/engine/speculative/draft-model.ts';
import type { EngineEvent, RequestEvent } from '../src/engine/statistics.ts';
import { type FakeSearchOptions, SampleSearch } from './fake-searches.ts';
import { HashModel, SOURCE_VOCAB_SIZE, VOCAB_SIZE } from './hash-model.ts';

const VOCABULARIES = { targetVocabSize: VOCAB_SIZE, sourceVocabSize: SOURCE_VOCAB_SIZE };

/** An engine over a hash model and a cache of `numBlocks` blocks, with a draft model, and what has happened in it. */
export function startEngine({
  numBlocks = 64,
  hasEncoder = false,
  maxPositions = 1024,
  ...options
}: StartOptions = {}) {
  const model = new HashModel({ maxPositions, hasEncoder });
  const cache = model.createCache(numBlocks);
  const draftCache = model.createCache(numBlocks);
  const draftModel = new DraftModel(new HashModel({ errs: true, hasEncoder }), draftCache, VOCABULARIES);
  const engine = new Engine(model, cache, engineLimits({ prefixCache: false, ...options }), draftModel);
  const events: EngineEvent[] = [];
  engine.subscribe((event) => events.push(event));
  /** The requests that something has happened to, in that order, by their numbers of arrival. */
  const requestsThat = (kind: RequestEvent['kind']) =>
    events.flatMap((event) => (event.kind === kind ? [event.request] : []));
  return { model, cache, draftCache, engine, events, requestsThat };
}

export interface StartOptions extends EngineOptions {
  readonly numBlocks?: number;
  readonly maxPositions?: number;
  readonly hasEncoder?: boolean;
}

type Settings = Partial<Omit<EngineRequest, 'search' | 'promptIds' | 'maxLength'>> & FakeSearchOptions;

/** A request for `maxNewTokens` tokens after a prompt: greedy, or several samples. */
export function requestFor(promptIds: readonly number[], settings: Settings) {
  const { maxNewTokens, width, needsHidden, numLikeliest, onToken, ...rest } = settings;
  const search = new SampleSearch({ maxNewTokens, width, needsHidden, numLikeliest, onToken });
  return { promptIds, search, maxLength: promptIds.length + maxNewTokens, ...rest };
}

/** Submits a request; gives its tokens and the report. */
export async function generate(
  engine: Engine,
  request: ReturnType<typeof requestFor>,
): Promise<{ readonly tokenIds: readonly (readonly number[])[]; readonly report: RequestReport }> {
  const report = await engine.submit(request);
  return { tokenIds: request.search.results().map(({ tokenIds }) => tokenIds), report };
}

/** A prompt that has no beginning in common with those of other seeds. */
export function promptOf(length: number, seed = 1): number[] {
  return Array.from({ length }, (_, i) => 1 + ((i * seed + i + seed) % 16));
}
