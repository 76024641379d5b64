import { frequencyPresencePenalty } from './frequency-presence-penalty.ts';
import type { LogitsProcessor } from './logits-processor.ts';
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

/**
 * The processors that the options ask for, in the order of Hugging Face Transformers: repetition penalty, frequency and
 * presence penalties, minimum length, temperature, top-k, top-p, min-p. Each filter sees the tokens that the ones before it
 * kept. At temperature 0 the choice is greedy; the last four, which never remove the likeliest token, are then left out.
 *
 * A processor may hold scratch memory, so each sequence composes its own; none holds anything else between two calls.
 */
export function composeProcessors(options: ProcessorOptions): readonly LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  if (options.repetitionPenalty !== 1) processors.push(repetitionPenalty(options.repetitionPenalty));
  if (options.frequencyPenalty !== 0 || options.presencePenalty !== 0) {
    const { frequencyPenalty: frequency, presencePenalty: presence } = options;
    processors.push(frequencyPresencePenalty({ frequency, presence }));
  }
  if (options.minNewTokens > 0 && options.stopTokenIds.length > 0) {
    processors.push(minNewTokens(options.minNewTokens, options.stopTokenIds));
  }
  if (options.temperature === 0) return processors;
  if (options.temperature !== 1) processors.push(temperature(options.temperature));
  if (options.topK > 0) processors.push(topK(options.topK));
  if (options.topP < 1) processors.push(topP(options.topP));
  if (options.minP > 0) processors.push(minP(options.minP));
  return processors;
}
