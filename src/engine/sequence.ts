import type { Draft } from '../decoding/draft.ts';
import { TokenSequence } from '../decoding/token-sequence.ts';
import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { PrefixCursor } from '../kv-cache/prefix-cache.ts';
import type { SourceHold } from '../kv-cache/source-cache.ts';
import type { LikeliestTokens } from '../sampling/likeliest-tokens.ts';

interface SequenceParts {
  readonly cached?: CachedSequence;
  readonly source?: SourceHold | undefined;
  readonly guide?: Sequence | undefined;
}

/**
 * A sequence of the engine: the tokens it knows (its own, then those of a draft) and those that are computed, which are in
 * the cache. Every step computes some of the difference; prompts, single tokens, drafts and what was preempted are one case.
 */
export class Sequence {
  readonly tokens: TokenSequence;
  readonly #cache: PagedKvCache;
  readonly cached: CachedSequence;
  /** What it attends to, in models with an encoder; shared with all sequences that come of one prompt. */
  readonly source: SourceHold | undefined;
  /** With guidance, the sequence that has the same generated tokens after another prompt. */
  readonly guide: Sequence | undefined;
  /** Guessed tokens, checked with the next step. */
  draft: Draft | undefined;
  /** Logits (V) after the last token, and after each of the draft: there once all known tokens are computed. */
  rows: readonly Float32Array[] = [];
  /** The likeliest tokens after each of these tokens, where the search wants no rows. */
  likeliest: readonly LikeliestTokens[] | undefined;
  /** log Σ exp of each row, where the search wants them. */
  logSums: Float32Array | undefined;
  /** Final hidden states of new tokens, where the search wants them: (tokens · C) for each step since it last looked. */
  hidden: Float32Array[] = [];
  /** How far its blocks are in the prefix cache. */
  cursor: PrefixCursor | undefined;
  /** First tokens whose hidden states the search has looked at. */
  numHiddenSeen = 0;

  constructor(cache: PagedKvCache, tokens: TokenSequence, parts: SequenceParts = {}) {
    this.#cache = cache;
    this.tokens = tokens;
    this.cached = parts.cached ?? cache.createSequence();
    this.source = parts.source;
    this.guide = parts.guide;
  }

  static fromPrompt(
    cache: PagedKvCache,
    promptIds: readonly number[],
    parts: Omit<SequenceParts, 'cached'> = {},
  ): Sequence {
    return new Sequence(cache, new TokenSequence(promptIds, [], parts.source?.tokenIds), parts);
  }

  get numKnown(): number {
    return this.tokens.position + (this.draft?.tokenIds.length ?? 0);
  }

  get numComputed(): number {
    return this.cached.length;
  }

  /** Whether there is what the search chooses by. */
  get hasOutputs(): boolean {
    return this.rows.length > 0 || this.likeliest !== undefined;
  }

  /** Whether a draft would be checked with the next step. */
  get takesDraft(): boolean {
    return this.draft === undefined && this.numPending === 1;
  }

  /** Known tokens that are not computed. */
  get numPending(): number {
    return this.numKnown - this.numComputed;
  }

  /** The next `count` pending tokens. */
  pendingIds(count: number): readonly number[] {
    const start = this.numComputed;
    const own = this.tokens.tokenIds.slice(start, start + count);
    if (own.length === count) return own;
    const draftStart = Math.max(0, start - this.tokens.position);
    return [...own, ...this.draft!.tokenIds.slice(draftStart, draftStart + count - own.length)];
  }

  /** All hidden states (tokens · C) that the search has not seen. */
  allHidden(): Float32Array | undefined {
    if (this.hidden.length <= 1) return this.hidden[0];
    const all = new Float32Array(this.hidden.reduce((sum, piece) => sum + piece.length, 0));
    let offset = 0;
    for (const piece of this.hidden) {
      all.set(piece, offset);
      offset += piece.length;
    }
    return all;
  }

  /** Drops all but the first `length` tokens of the draft. */
  shortenDraft(length: number): void {
    if (this.draft === undefined || this.draft.tokenIds.length <= length) return;
    const { tokenIds, distributions } = this.draft;
    this.draft =
      length === 0
        ? undefined
        : { tokenIds: tokenIds.slice(0, length), distributions: distributions?.slice(0, length) };
  }

  /**
   * Takes the tokens that the search chose: one, or several that begin with those of the draft. What was computed of a draft
   * beyond them is forgotten. The last is pending.
   */
  append(tokenIds: readonly number[]): void {
    this.#forgetOutputs();
    this.tokens.append(tokenIds);
    this.cached.truncate(Math.min(this.numComputed, this.tokens.position - 1));
    this.numHiddenSeen = this.numComputed;
    this.guide?.append(tokenIds);
  }

  /** Another sequence with the same tokens that shares what is cached of them and of the draft. */
  fork(): Sequence {
    const cached = this.cached.fork();
    const fork = new Sequence(this.#cache, this.tokens.fork(), {
      cached,
      source: this.source,
      guide: this.guide?.fork(),
    });
    fork.cursor = this.cursor?.fork();
    fork.numHiddenSeen = this.numHiddenSeen;
    return fork;
  }

  /** Shares what `other` has cached of the first tokens of both, in place of what this sequence has. */
  adopt(other: Sequence, numTokens: number): void {
    this.cached.release();
    this.cached.adopt(other.cached.blockTable.slice(0, PagedKvCache.blocksFor(numTokens)), numTokens);
  }

  /** Gives the cache back; the tokens stay known, and are computed again if the sequence goes on. */
  release(): void {
    this.#forgetOutputs();
    this.cached.release();
    this.guide?.release();
  }

  #forgetOutputs(): void {
    this.draft = undefined;
    this.rows = [];
    this.likeliest = undefined;
    this.logSums = undefined;
    this.hidden = [];
  }
}
