import { type GenerationOptions, NEUTRAL_OPTIONS } from '../src/config/neutral-options.ts';
import type { GenerationResult } from '../src/decoding/generation-output.ts';
import type { SearchInput } from '../src/decoding/sampling-search.ts';
import type { Hypothesis, SearchStrategy } from '../src/decoding/search-strategy.ts';
import { lengthLimits } from '../src/decoding/stopping.ts';
import { TokenSequence } from '../src/decoding/token-sequence.ts';
import type { CachedSequence } from '../src/kv-cache/cached-sequence.ts';
import type { PagedKvCache } from '../src/kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../src/models/causal-lm.ts';
import type { LikeliestRows } from '../src/models/model-step.ts';
import { composeProcessors } from '../src/sampling/compose-processors.ts';
import { logSumExp } from '../src/sampling/log-sum-exp.ts';
import type { PrefixAllowedTokens } from '../src/sampling/prefix-allowed-tokens.ts';
import { likeliestOf } from './likeliest-of.ts';

/** What a search is made from, for a prompt of so many tokens. */
export function searchInput(
  given: Partial<GenerationOptions>,
  input: { readonly promptLength: number; readonly vocabSize: number } & Partial<SearchInput> & {
      readonly prefixAllowedTokens?: PrefixAllowedTokens | undefined;
    },
): SearchInput {
  const options = { ...NEUTRAL_OPTIONS, ...given };
  const { promptLength, vocabSize, prefixAllowedTokens } = input;
  const limits = lengthLimits(promptLength, Number.POSITIVE_INFINITY, options);
  const maxLength = promptLength + limits.max;
  return {
    options,
    limits,
    promptTokens: promptLength,
    seed: options.seed ?? 0,
    chainFor: (seed) =>
      composeProcessors({ ...options, minNewTokens: limits.min }, { seed, maxLength, vocabSize, prefixAllowedTokens }),
    detokenizerFor: () => undefined,
    ...input,
  };
}

interface DriverSequence {
  readonly tokens: TokenSequence;
  readonly cached: CachedSequence;
}

/** Runs a search over a model that computes one batch a step, and checks that it leaves nothing in the cache. */
export async function runSearch(
  model: CausalLM,
  promptIds: readonly number[],
  search: SearchStrategy,
): Promise<readonly GenerationResult[]> {
  const cache = model.createCache(model.config.maxPositions, search.maxHypotheses + 1);
  let sequences: readonly DriverSequence[] = [{ tokens: new TokenSequence(promptIds), cached: cache.createSequence() }];
  while (sequences.length > 0) {
    if (sequences.length > search.maxHypotheses)
      throw new RangeError(`Cannot run the search: ${sequences.length} hypotheses, wanted ${search.maxHypotheses}`);
    const continuations = search.advance(await hypothesesOf(model, cache, sequences, search));
    const children = continuations.map(({ parent, tokenIds }) => {
      const { tokens, cached } = sequences[parent]!;
      const child = { tokens: tokens.fork(), cached: cached.fork() };
      child.tokens.append(tokenIds);
      return child;
    });
    for (const { cached } of sequences) cached.release();
    sequences = children;
  }
  const { numFree, numBlocks } = cache.pool;
  if (numFree !== numBlocks) throw new Error(`The search left ${numBlocks - numFree} cache blocks in use`);
  cache.dispose();
  return search.results();
}

async function hypothesesOf(
  model: CausalLM,
  cache: PagedKvCache,
  sequences: readonly DriverSequence[],
  { needsHidden, numLikeliest }: SearchStrategy,
): Promise<readonly Hypothesis[]> {
  const { vocabSize, hiddenSize } = model.config;
  const entries = sequences.map(({ tokens, cached }) => ({
    sequence: cached,
    tokenIds: tokens.tokenIds.slice(cached.length),
  }));
  const logSums = new Float32Array(sequences.length);
  const count = numLikeliest && Math.min(numLikeliest, vocabSize);
  const likeliest = count === undefined ? undefined : likeliestRows(sequences.length, count, logSums);
  const options =
    likeliest === undefined ? { logits: 'last' as const, logSums } : { logits: 'none' as const, likeliest };
  const output = needsHidden
    ? await model.stepWithHidden(cache, entries, options)
    : { logits: await model.step(cache, entries, options), hidden: undefined };
  let start = 0;
  return sequences.map(({ tokens }, i) => {
    const end = start + entries[i]!.tokenIds.length;
    const hidden = output.hidden?.slice(start * hiddenSize, end * hiddenSize);
    start = end;
    const common = { sequence: tokens, draft: undefined, hidden, logSums: logSums.subarray(i, i + 1) };
    if (likeliest === undefined)
      return { ...common, rows: [output.logits.subarray(i * vocabSize, (i + 1) * vocabSize)] };
    const [first, last] = [i * likeliest.count, (i + 1) * likeliest.count];
    const ofRow = {
      tokenIds: likeliest.tokenIds.subarray(first, last),
      logits: likeliest.logits.subarray(first, last),
    };
    return { ...common, rows: [], likeliest: [ofRow] };
  });
}

function likeliestRows(numRows: number, count: number, logSums: Float32Array): LikeliestRows {
  const length = numRows * count;
  const rows = Array.from({ length: numRows }, () => 1);
  return { rows, count, tokenIds: new Int32Array(length), logits: new Float32Array(length), logSums };
}

/** What a search without a model is run on: logits (V), and hidden states (C) if it wants them, after some tokens. */
export interface RowSource {
  readonly logitsAfter: (tokenIds: readonly number[]) => ArrayLike<number>;
  readonly hiddenAfter?: (tokenIds: readonly number[]) => readonly number[];
  /** Gives whole rows also to a search that needs only the likeliest tokens. */
  readonly givesRows?: boolean;
  /** Asked before each step: whether the search's time is up after so many. */
  readonly isOverdue?: (numSteps: number) => boolean;
}

/** Runs a search on logits that are given. */
export function runSearchOnRows(
  search: SearchStrategy,
  promptIds: readonly number[],
  source: RowSource,
): readonly GenerationResult[] {
  let numSteps = 0;
  let sequences = [{ tokens: new TokenSequence(promptIds), numSeen: 0 }];
  while (sequences.length > 0) {
    if (source.isOverdue?.(numSteps) && search.finish('time')) break;
    numSteps += 1;
    const continuations = search.advance(
      sequences.map(({ tokens, numSeen }) => ({
        sequence: tokens,
        ...rowOf(source, tokens, search.numLikeliest),
        draft: undefined,
        hidden: search.needsHidden ? hiddenFrom(source, tokens.tokenIds, numSeen) : undefined,
      })),
    );
    sequences = continuations.map(({ parent, tokenIds }) => {
      const { tokens } = sequences[parent]!;
      const child = { tokens: tokens.fork(), numSeen: tokens.position };
      child.tokens.append(tokenIds);
      return child;
    });
  }
  return search.results();
}

function rowOf(
  { logitsAfter, givesRows = false }: RowSource,
  { tokenIds }: TokenSequence,
  numLikeliest: number | undefined,
): Pick<Hypothesis, 'rows' | 'likeliest' | 'logSums'> {
  const row = Float32Array.from(logitsAfter(tokenIds));
  const logSums = Float32Array.of(logSumExp(row));
  if (numLikeliest === undefined || givesRows) return { rows: [row], logSums };
  return { rows: [], likeliest: [likeliestOf(row, numLikeliest)], logSums };
}

function hiddenFrom({ hiddenAfter }: RowSource, tokenIds: readonly number[], start: number): Float32Array {
  const states = tokenIds.slice(start).map((_, i) => hiddenAfter!(tokenIds.slice(0, start + i + 1)));
  return Float32Array.from(states.flat());
}
