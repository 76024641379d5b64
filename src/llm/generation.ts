import type { GenerationResult } from '../decoding/generation-output.ts';
import type { RequestReport } from '../engine/request.ts';
import type { SpeculationReport } from '../engine/speculative/speculation-report.ts';

/** Where the time of a generation went, in milliseconds. */
export interface Timings {
  /** Until its first step, while others had the model. */
  readonly queueMs: number;
  /** From then to the first token. */
  readonly prefillMs: number;
  /** From the first token to the last. */
  readonly decodeMs: number;
  /** Of those that were not in the cache. */
  readonly promptTokensPerSecond: number;
  /** Of all sequences together, after the first token; undefined if there was only one. */
  readonly tokensPerSecond: number | undefined;
}

/** A finished generation: its first (best) sequence, and all of them. */
export interface Generation extends GenerationResult {
  /** As many as `numReturnSequences` asks for, best first where a search ranks them. */
  readonly choices: readonly GenerationResult[];
  /** Tokens of the prompt that an earlier request had left in the cache. */
  readonly cachedTokens: number;
  /** Times that its cache went to a more urgent request and was computed again. */
  readonly numPreemptions: number;
  readonly timings: Timings;
  /** What guessing ahead did; undefined where nothing was to be guessed. */
  readonly speculation: SpeculationReport | undefined;
}

/** What a search found, with the engine's report. */
export function toGeneration(choices: readonly GenerationResult[], report: RequestReport): Generation {
  const { cachedTokens, numPreemptions, speculation } = report;
  const timings = timingsOf(choices, report);
  return { ...choices[0]!, choices, cachedTokens, numPreemptions, timings, speculation };
}

function timingsOf(choices: readonly GenerationResult[], report: RequestReport): Timings {
  const { queueMs, prefillMs, decodeMs, cachedTokens } = report;
  const later = choices.reduce((sum, { tokenIds }) => sum + Math.max(0, tokenIds.length - 1), 0);
  return {
    queueMs,
    prefillMs,
    decodeMs,
    promptTokensPerSecond: (1000 * (choices[0]!.usage.promptTokens - cachedTokens)) / prefillMs,
    tokensPerSecond: later === 0 ? undefined : (1000 * later) / decodeMs,
  };
}
