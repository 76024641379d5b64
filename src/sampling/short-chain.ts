import type { LikeliestTokens } from './likeliest-tokens.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import type { SequenceView } from './sequence-view.ts';
import { topK } from './top-k.ts';

/** Most likeliest tokens that are asked of a device, which is made to rank few; beyond, whole rows come. */
const MAX_LIKELIEST = 256;

/** What is known of processors that may see a row of which only the likeliest tokens are left. */
export interface ShortChainParts {
  /** Each lowers or removes tokens by their ids, whatever the logits are, or leaves `forcedIds` alone and sets their logits. */
  readonly processors: readonly LogitsProcessor[];
  /** Most tokens that the processors lower or remove in a row. */
  readonly numLowered: number;
  readonly forcedIds: readonly number[];
  /** How many tokens are kept of what is left, if not all. */
  readonly topK: number | undefined;
  /** Over these. */
  readonly filters: readonly LogitsProcessor[];
  readonly vocabSize: number;
}

/** Some tokens of a row, ids ascending, and their logits. */
export interface RemainingTokens {
  readonly tokenIds: readonly number[];
  readonly logits: Float32Array;
}

/**
 * A chain over the likeliest tokens of a row, with the results that it has over the whole row: the `count` highest logits that
 * it leaves are among the `count` + `numLowered` highest raw ones, since no token is raised but those that are forced.
 */
export class ShortChain {
  readonly vocabSize: number;
  /** What it leaves to draw from; undefined where that is the whole row. */
  readonly topK: number | undefined;
  readonly #parts: ShortChainParts;
  /** (V): −∞ between two calls. */
  #row: Float32Array | undefined;

  constructor(parts: ShortChainParts) {
    this.vocabSize = parts.vocabSize;
    this.topK = parts.topK;
    this.#parts = parts;
  }

  /**
   * How many of the likeliest tokens show the `count` highest logits that are left, where `numLowered` further tokens may be
   * lowered before; undefined if those are too many to be worth it.
   */
  numLikeliest(count: number, numLowered = 0): number | undefined {
    const wanted = count + numLowered + this.#parts.numLowered;
    return wanted <= MAX_LIKELIEST ? wanted : undefined;
  }

  /** The tokens that the chain leaves, removed ones apart. `lower` comes before it, and may lower tokens. */
  apply(tokens: LikeliestTokens, sequence: SequenceView, lower?: (row: Float32Array) => void): RemainingTokens {
    const { processors, filters } = this.#parts;
    const changesRows = processors.length > 0 || lower !== undefined;
    const processed = changesRows ? this.#process(tokens, sequence, lower) : inOrder(tokens);
    const left = highest(processed, this.topK);
    for (const filter of filters) filter(left.logits, sequence);
    return left;
  }

  #process(
    { tokenIds, logits }: LikeliestTokens,
    sequence: SequenceView,
    lower: ((row: Float32Array) => void) | undefined,
  ): RemainingTokens {
    const { processors, forcedIds } = this.#parts;
    this.#row ??= new Float32Array(this.vocabSize).fill(Number.NEGATIVE_INFINITY);
    const row = this.#row;
    for (const [i, id] of tokenIds.entries()) row[id] = logits[i]!;
    lower?.(row);
    for (const process of processors) process(row, sequence);
    const known = [...new Set([...tokenIds, ...forcedIds])].sort((a, b) => a - b);
    const left = remainingOf(known, (i) => row[known[i]!]!);
    for (const id of known) row[id] = Number.NEGATIVE_INFINITY;
    return left;
  }
}

function inOrder({ tokenIds, logits }: LikeliestTokens): RemainingTokens {
  const order = [...tokenIds.keys()].sort((a, b) => tokenIds[a]! - tokenIds[b]!);
  return remainingOf(
    order.map((i) => tokenIds[i]!),
    (i) => logits[order[i]!]!,
  );
}

/** Those of some tokens that are not removed. */
function remainingOf(tokenIds: readonly number[], logitAt: (i: number) => number): RemainingTokens {
  const left: number[] = [];
  const logits: number[] = [];
  for (const [i, id] of tokenIds.entries()) {
    const logit = logitAt(i);
    if (logit === Number.NEGATIVE_INFINITY) continue;
    left.push(id);
    logits.push(logit);
  }
  return { tokenIds: left, logits: Float32Array.from(logits) };
}

function highest(tokens: RemainingTokens, k: number | undefined): RemainingTokens {
  if (k === undefined || tokens.tokenIds.length <= k) return tokens;
  topK(k)(tokens.logits);
  return remainingOf(tokens.tokenIds, (i) => tokens.logits[i]!);
}
