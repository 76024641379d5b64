import type { DraftProposer } from '../decoding/draft.ts';
import type { SearchStrategy } from '../decoding/search-strategy.ts';
import type { DraftAcceptance } from '../decoding/verify-draft.ts';
import type { Adapter } from '../nn/adapter.ts';
import type { SamplerOptions } from '../sampling/sampler.ts';
import type { SpeculationReport } from './speculative/speculation-report.ts';

/** What the engine needs to know of a request. It speaks token ids only; the search turns them into results. */
export interface EngineRequest {
  /** At least one token; what a target begins with, where there is a source. */
  readonly promptIds: readonly number[];
  /** What the sequences attend to, for models with an encoder: at least one token. */
  readonly sourceIds?: readonly number[] | undefined;
  /** Chooses the tokens, and hands out what it has. */
  readonly search: SearchStrategy;
  /** The longest that a sequence can come to, prompt included. */
  readonly maxLength: number;
  /** Higher goes first; 0 unless given. Requests of one priority go in the order of their arrival. */
  readonly priority?: number | undefined;
  /** Seconds from now after which the search ends with what it has. */
  readonly maxTime?: number | undefined;
  /** false computes every token anew at each step: slow, and the same result. */
  readonly useCache?: boolean | undefined;
  /** Classifier-free guidance: logits are moved away from what the model says after another prompt. */
  readonly guidance?: Guidance | undefined;
  /** Guesses tokens that the model then checks at once. */
  readonly drafting?: Drafting | undefined;
  /** What its sequences go through beside the model. */
  readonly adapter?: ServedAdapter | undefined;
  /** Ends the request; its cache is free at once. */
  readonly signal?: AbortSignal | undefined;
}

/** An adapter that stays as it is while requests use it. */
export interface ServedAdapter {
  readonly adapter: Adapter;
  /** Sets apart what is cached of texts that went through it; not empty. See `adapterFingerprint`. */
  readonly fingerprint: string;
}

export interface Guidance {
  readonly promptIds: readonly number[];
  /** Of models with an encoder. */
  readonly sourceIds?: readonly number[] | undefined;
  /** See `guide`. */
  readonly scale: number;
}

export interface Drafting {
  /** Guesses; the engine's draft model unless given. */
  readonly proposer: DraftProposer | undefined;
  /** Most tokens guessed at once. */
  readonly maxTokens: number;
  /** Whether fewer are guessed, or none, where that is faster. */
  readonly adaptLength: boolean;
  readonly acceptance: DraftAcceptance;
  /** How a sequence of the request will choose, with a chain for the draft model's own use. */
  readonly chooserFor: (sequence: number) => SamplerOptions;
}

/** How a request went. */
export interface RequestReport {
  /** Tokens of prompt and source that were found in the cache. */
  readonly cachedTokens: number;
  /** Times that its cache was taken by another request and computed again. */
  readonly numPreemptions: number;
  /** Milliseconds until it was first part of a step. */
  readonly queueMs: number;
  /** Milliseconds from then to its first token. */
  readonly prefillMs: number;
  /** Milliseconds from its first token to the end. */
  readonly decodeMs: number;
  /** undefined if it asked for none. */
  readonly speculation: SpeculationReport | undefined;
}
