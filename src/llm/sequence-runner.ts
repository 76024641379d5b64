import { EventBreaks } from '../base/event-breaks.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../models/causal-lm.ts';

/** Most tokens of one step; a longer prompt takes several, so that its workspace stays bounded and it can be aborted. */
export const MAX_STEP_TOKENS = 256;

export interface RunnerOptions {
  /** Whether keys and values are kept between steps; without it every step computes all tokens anew. */
  readonly useCache: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Feeds one sequence through a model. */
export class SequenceRunner {
  readonly #model: CausalLM;
  readonly #cache: PagedKvCache;
  readonly #options: RunnerOptions;
  readonly #sequence: ReturnType<PagedKvCache['createSequence']>;
  readonly #knownIds: number[] = [];
  /** One row (V) for all steps: a new one each time would be garbage of many megabytes before it is collected. */
  readonly #logits: Float32Array;
  readonly #breaks = new EventBreaks();

  constructor(model: CausalLM, cache: PagedKvCache, options: RunnerOptions) {
    this.#model = model;
    this.#cache = cache;
    this.#options = options;
    this.#sequence = cache.createSequence();
    this.#logits = new Float32Array(model.config.vocabSize);
  }

  /** Feeds new tokens and gives the raw logits (V) after the last of them, in an array that the next step fills anew. */
  async step(newIds: readonly number[]): Promise<Float32Array> {
    let ids = newIds;
    if (!this.#options.useCache) {
      this.#knownIds.push(...newIds);
      this.#sequence.truncate(0);
      ids = this.#knownIds;
    }
    const lastStart = Math.max(0, Math.ceil(ids.length / MAX_STEP_TOKENS) - 1) * MAX_STEP_TOKENS;
    for (let start = 0; start < lastStart; start += MAX_STEP_TOKENS) {
      await this.#checkAbort();
      await this.#run(ids.slice(start, start + MAX_STEP_TOKENS), 'none');
    }
    await this.#checkAbort();
    return this.#run(ids.slice(lastStart), 'last');
  }

  /** Log probabilities of the tokens of a window from index `firstTarget` on, each given those before it. */
  async scoreWindow(window: readonly number[], firstTarget: number): Promise<Float32Array> {
    this.#sequence.truncate(0);
    const logProbs = new Float32Array(window.length - firstTarget);
    const numInputs = window.length - 1;
    for (let start = 0; start < numInputs; start += MAX_SCORED_TOKENS) {
      await this.#checkAbort();
      const end = Math.min(numInputs, start + MAX_SCORED_TOKENS);
      const entry = { sequence: this.#sequence, tokenIds: window.slice(start, end) };
      if (end < firstTarget) {
        await this.#model.step(this.#cache, [entry], { logits: 'none' });
        continue;
      }
      const scored = await this.#model.scoreStep(this.#cache, entry, window.slice(start + 1, end + 1));
      for (let i = Math.max(start, firstTarget - 1); i < end; i++) logProbs[i + 1 - firstTarget] = scored[i - start]!;
    }
    return logProbs;
  }

  /** Frees the sequence's cache blocks. */
  release(): void {
    this.#sequence.release();
  }

  async #checkAbort(): Promise<void> {
    await this.#breaks.take();
    this.#options.signal?.throwIfAborted();
  }

  #run(tokenIds: readonly number[], logits: 'last' | 'none'): Promise<Float32Array> {
    const target = this.#logits;
    return this.#model.step(this.#cache, [{ sequence: this.#sequence, tokenIds }], { logits, target });
  }
}

/** Tokens scored at once: their logits, V numbers each, are all on the device together. */
const MAX_SCORED_TOKENS = 128;
