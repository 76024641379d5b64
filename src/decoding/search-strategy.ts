import type { LikeliestTokens } from '../sampling/likeliest-tokens.ts';
import type { SequenceView } from '../sampling/sequence-view.ts';
import type { Draft } from './draft.ts';
import type { GenerationResult } from './generation-output.ts';

/**
 * How the tokens of a request are chosen. The engine keeps the sequences and their cache and computes the logits; a strategy
 * looks at the logits of all sequences that are alive and says which go on, with which tokens. It never touches the cache.
 *
 * The first call has one hypothesis, the prompt. Each later call has those that the call before returned, in its order.
 */
export interface SearchStrategy {
  /** Most hypotheses alive at once. */
  readonly maxHypotheses: number;
  /** Whether `Hypothesis.hidden` is wanted. */
  readonly needsHidden: boolean;
  /**
   * How many of the likeliest tokens of a row are enough, where whole rows are not wanted: `Hypothesis.likeliest` may then come
   * instead of `rows`. At least 1, and the same all the time.
   */
  readonly numLikeliest?: number | undefined;
  /** Whether `Hypothesis.logSums` are wanted. */
  readonly needsLogSums?: boolean | undefined;
  /**
   * The hypotheses that go on. Several with one parent share what is cached of it; a hypothesis without a continuation is
   * dropped. When none goes on, the search is over. Throws a `RangeError` for logits that are not finite.
   */
  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[];
  /** Ends the search with what there is: at once, which true says, or with the next step. */
  finish(reason: 'time'): boolean;
  /** Best first; call it when the search is over. */
  results(): readonly GenerationResult[];
}

/** A living sequence, and what the model says comes next. */
export interface Hypothesis {
  /** The tokens so far; drafts are not among them. */
  readonly sequence: SequenceView;
  /**
   * Raw logits (V), the strategy's to change until it returns: row 0 follows the sequence; where there is a draft, row i
   * follows its i-th token (counted from 1).
   */
  readonly rows: readonly Float32Array[];
  /**
   * The likeliest tokens of each row, as many as the strategy said or the whole vocabulary; the rows stayed where they were
   * computed, and `rows` is empty.
   */
  readonly likeliest?: readonly LikeliestTokens[] | undefined;
  readonly draft: Draft | undefined;
  /**
   * log Σ exp of each row as it comes, computed with it, if the strategy needs them and nothing has changed `rows` since; those
   * of rows of which only the likeliest tokens come are always known.
   */
  readonly logSums?: Float32Array | undefined;
  /** The final hidden states (tokens, C) of the tokens that are new since the last call, if the strategy needs them. */
  readonly hidden: Float32Array | undefined;
}

/** A hypothesis that goes on, or gets its last tokens. */
export interface Continuation {
  /** Index of the hypothesis it continues. */
  readonly parent: number;
  /** What is appended: one token, or several where a draft was accepted. */
  readonly tokenIds: readonly number[];
  /** It ends with these tokens and is not among the hypotheses of the next call. */
  readonly isLast?: boolean | undefined;
}
