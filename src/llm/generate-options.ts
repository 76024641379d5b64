import type { GenerationInput } from '../config/generation-input.ts';
import type { DraftProposer } from '../decoding/draft.ts';
import type { LogitsProcessor } from '../sampling/logits-processor.ts';
import type { PrefixAllowedTokens } from '../sampling/prefix-allowed-tokens.ts';
import type { RenderOptions } from '../tokenizers/chat-template.ts';

/** A text, or the ids of its tokens. */
export type Prompt = string | readonly number[];

/** What `generate` takes beside the generation options themselves. */
export interface RunOptions {
  /** Ends the request and frees its cache at once; what a stream has given out stays valid. */
  readonly signal?: AbortSignal | undefined;
  /** Requests of higher priority go first; 0 unless given. */
  readonly priority?: number | undefined;
  /** false computes every token anew at each step: slow, and the same result; for study. */
  readonly useCache?: boolean | undefined;
  /** Hugging Face's name of `useCache`. */
  readonly use_cache?: boolean | undefined;
  /** Functions of the user's own, which change each row of logits after the usual penalties. */
  readonly logitsProcessors?: readonly LogitsProcessor[] | undefined;
  /** The tokens that may come next, given those so far: constrained generation. */
  readonly prefixAllowedTokens?: PrefixAllowedTokens | undefined;
  /** The name of an adapter that was loaded with the model; without one, the model by itself. */
  readonly adapter?: string | undefined;
  /** Language of the source, as the model spells it; in models that translate between several. */
  readonly from?: string | undefined;
  /** Language of the target. */
  readonly to?: string | undefined;
  /** What the target begins with, in models with an encoder; the text that is given out continues it. */
  readonly targetPrefix?: Prompt | undefined;
  /** Guesses tokens ahead, which the model checks at once; the result is the same without it. */
  readonly draftProposer?: DraftProposer | undefined;
}

/** Generation options by any of their names, and how to run. */
export type GenerateOptions = GenerationInput & RunOptions;

/** Options of a generation, and the tools and variables that the chat template is given. */
export type ChatOptions = GenerateOptions & Omit<RenderOptions, 'addGenerationPrompt'>;

/** Parts the options of a run from those of the generation. */
export function splitOptions(options: GenerateOptions): { readonly run: RunOptions; readonly input: GenerationInput } {
  const { signal, priority, useCache, use_cache, adapter, ...others } = options;
  const { logitsProcessors, prefixAllowedTokens, draftProposer, from, to, targetPrefix, ...input } = others;
  const run = {
    signal,
    priority,
    useCache: useCache ?? use_cache,
    logitsProcessors,
    prefixAllowedTokens,
    adapter,
    from,
    to,
    targetPrefix,
    draftProposer,
  };
  if (priority !== undefined && !Number.isFinite(priority))
    throw new RangeError(`Cannot generate: priority is ${priority}, wanted a finite number`);
  return { run, input };
}
