import { frequencyPresencePenalty } from './frequency-presence-penalty.ts';
import type { LogitsFilter, LogitsProcessor } from './logits-processor.ts';
import { minNewTokens } from './min-new-tokens.ts';
import { minP } from './min-p.ts';
import { repetitionPenalty } from './repetition-penalty.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';
import { topP } from './top-p.ts';

/** The options that shape a row of logits; `GenerationOptions` has them all. */
export interface ProcessorOptions {
  readonly minNewTokens: number;
  readonly stopTokenIds: readonly number[];
  readonly repetitionPenalty: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
}

/** What happens to a row of logits before a token is chosen: first the processors, then the filters. */
export interface ProcessorChain {
  /** Over the whole row: repetition penalty, frequency and presence penalties, minimum length, top-k. */
  readonly processors: readonly LogitsProcessor[];
  /** Over the tokens that are left: temperature, top-p, min-p. */
  readonly filters: readonly LogitsFilter[];
  /** Whether the processors leave so few tokens that the filters had better work on a list of these. */
  readonly isShortlisted: boolean;
}

/**
 * The processors that the options ask for, in the order of Hugging Face Transformers: repetition penalty, frequency and
 * presence penalties, minimum length, temperature, top-k, top-p, min-p; only that top-k, which a temperature does not
 * change, comes before it. Each filter sees the tokens that the ones before it kept. At temperature 0 the choice is greedy;
 * the last four, which never remove the likeliest token, are then left out.
 *
 * A processor may hold scratch memory, so each sequence composes its own; none holds anything else between two calls.
 */
export function composeProcessors(options: ProcessorOptions): ProcessorChain {
  const processors: LogitsProcessor[] = [];
  if (options.repetitionPenalty !== 1) processors.push(repetitionPenalty(options.repetitionPenalty));
  if (options.frequencyPenalty !== 0 || options.presencePenalty !== 0) {
    const { frequencyPenalty: frequency, presencePenalty: presence } = options;
    processors.push(frequencyPresencePenalty({ frequency, presence }));
  }
  if (options.minNewTokens > 0 && options.stopTokenIds.length > 0) {
    processors.push(minNewTokens(options.minNewTokens, options.stopTokenIds));
  }
  if (options.temperature === 0) return { processors, filters: [], isShortlisted: false };
  if (options.topK > 0) processors.push(topK(options.topK));
  return { processors, filters: composeFilters(options), isShortlisted: options.topK > 0 };
}

function composeFilters(options: ProcessorOptions): readonly LogitsFilter[] {
  const filters: LogitsFilter[] = [];
  if (options.temperature !== 1) filters.push(temperature(options.temperature));
  if (options.topP < 1) filters.push(topP(options.topP));
  if (options.minP > 0) filters.push(minP(options.minP));
  return filters;
}
