import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { SourceEncoder } from '../models/encoder-decoder-lm.ts';
import type { HiddenStep, StepOptions } from '../models/model-step.ts';
import type { StepEntry } from '../nn/forward-batch.ts';

/** What the engine asks of a model: one step over a ragged batch. `CausalLM` and `EncoderDecoderLM` are two; tests have another. */
export interface StepModel {
  readonly config: { readonly vocabSize: number; readonly maxPositions: number };
  /** Where there is one, every sequence attends to a source. */
  readonly encoder: SourceEncoder | undefined;
  /** See `CausalLM.step`. */
  step(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<Float32Array>;
  /** See `CausalLM.stepWithHidden`. */
  stepWithHidden(cache: PagedKvCache, entries: readonly StepEntry[], options: StepOptions): Promise<HiddenStep>;
}
