import type { CacheDType } from '../backend/dtype.ts';
import { EventBreaks } from '../base/event-breaks.ts';
import { type Score, scoreTokens } from '../decoding/score.ts';
import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import type { Adapter } from '../nn/adapter.ts';

/** A token of a scored text. */
export interface ScoredToken {
  readonly id: number;
  readonly text: string;
  /** Natural log probability given the tokens before it; the first token has none. */
  readonly logProb: number | undefined;
}

/** How likely a text is. */
export interface TextScore {
  readonly tokens: readonly ScoredToken[];
  /** Sum over all tokens but the first: the log of the sequence's probability. */
  readonly logProb: number;
  /** exp(−logProb / (n − 1)) of n tokens. */
  readonly perplexity: number;
}

/** How `score` reads a text. */
export interface ScoreOptions {
  /** Tokens between the beginnings of two windows over a text longer than the context; half the context unless given. */
  readonly stride?: number | undefined;
  /** The name of an adapter that was loaded with the model; without one, the model by itself. */
  readonly adapter?: string | undefined;
  /** Hears after each window how many tokens have been scored. */
  readonly onProgress?: ((numTokens: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ScoreTextInput {
  readonly model: CausalLM;
  readonly adapter: Adapter | undefined;
  readonly ids: readonly number[];
  readonly contextLength: number;
  readonly cacheDType: CacheDType;
  readonly stride: number | undefined;
  readonly onProgress: ((numTokens: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Tokens scored at once: their logits, V numbers each, are all on the device together. */
const MAX_SCORED_TOKENS = 128;

/** Scores a text with a cache of its own, which is as long as one window and gone at the end. */
export async function scoreText(input: ScoreTextInput): Promise<Score> {
  const { model, ids, contextLength, stride, onProgress, signal } = input;
  const cache = model.createCache(Math.min(ids.length, contextLength), 1, input.cacheDType);
  const scorer = new WindowScorer(input, cache);
  let numScored = 0;
  try {
    return await scoreTokens({
      ids,
      contextLength,
      stride,
      signal,
      logProbsOf: async (window, firstTarget) => {
        const logProbs = await scorer.score(window, firstTarget);
        numScored += logProbs.length;
        onProgress?.(numScored);
        return logProbs;
      },
    });
  } finally {
    cache.dispose();
  }
}

class WindowScorer {
  readonly #model: CausalLM;
  readonly #cache: PagedKvCache;
  readonly #sequence: CachedSequence;
  readonly #adapter: Adapter | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #breaks = new EventBreaks();

  constructor({ model, adapter, signal }: ScoreTextInput, cache: PagedKvCache) {
    this.#model = model;
    this.#adapter = adapter;
    this.#cache = cache;
    this.#sequence = cache.createSequence();
    this.#signal = signal;
  }

  /** Log probabilities of the tokens of a window from index `firstTarget` on, each given those before it. */
  async score(window: readonly number[], firstTarget: number): Promise<Float32Array> {
    this.#sequence.truncate(0);
    const logProbs = new Float32Array(window.length - firstTarget);
    const numInputs = window.length - 1;
    for (let start = 0; start < numInputs; start += MAX_SCORED_TOKENS) {
      await this.#breaks.take();
      this.#signal?.throwIfAborted();
      const end = Math.min(numInputs, start + MAX_SCORED_TOKENS);
      const entry = { sequence: this.#sequence, tokenIds: window.slice(start, end), adapter: this.#adapter };
      if (end < firstTarget) {
        await this.#model.step(this.#cache, [entry], { logits: 'none' });
        continue;
      }
      const scored = await this.#model.scoreStep(this.#cache, entry, window.slice(start + 1, end + 1));
      for (let i = Math.max(start, firstTarget - 1); i < end; i++) logProbs[i + 1 - firstTarget] = scored[i - start]!;
    }
    return logProbs;
  }
}
