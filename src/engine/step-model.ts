import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { HiddenStep, StepOptions } from '../models/causal-lm.ts';
import type { StepEntry } from '../nn/forward-batch.ts';

/** What the engine asks of a model: one step over a ragged batch. `CausalLM` is one; tests have another. */
export interface StepModel {
  readonly config: { readonly vocabSize: number; readonly maxPositions: number };
  /** See `CausalLM.step`. */
  step(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<Float32Array>;
  /** See `CausalLM.stepWithHidden`. */
  stepWithHidden(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<HiddenStep>;
}
