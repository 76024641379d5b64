import type { GenerationOptions } from '../config/generation-options.ts';
import { checkLogits } from '../sampling/check-logits.ts';
import { composeProcessors } from '../sampling/compose-processors.ts';
import { drawSeed } from '../sampling/draw-seed.ts';
import { LogProbs } from '../sampling/log-probs.ts';
import { chooseToken } from '../sampling/sampler.ts';
import type { Detokenizer } from '../tokenizers/detokenizer.ts';
import { type GeneratedToken, GenerationOutput, type GenerationResult } from './generation-output.ts';
import { lengthLimits } from './stopping.ts';
import { TokenSequence } from './token-sequence.ts';

export interface GenerateInput {
  readonly promptIds: readonly number[];
  readonly options: GenerationOptions;
  /** Most tokens that the model can hold, prompt included. */
  readonly contextLength: number;
  /**
   * Feeds the tokens that the model has not seen yet (the whole prompt, then one at a time) and returns the raw logits (V)
   * after the last of them. The array is the loop's to change until it calls `step` again.
   */
  readonly step: (ids: readonly number[]) => Promise<Float32Array>;
  /** Turns tokens into text; without it all text is empty and stop strings cannot be honoured. */
  readonly detokenizer?: Pick<Detokenizer, 'push' | 'flush'> | undefined;
  /** Stands in for an empty prompt. */
  readonly bosTokenId?: number | undefined;
  /** Checked before and after each step; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Generates one sequence, token by token. The last token brings all text that was still held back, so that the texts yielded
 * are the result's text. What was yielded before an error or an abort stays valid.
 *
 * Throws a `RangeError` for a prompt that leaves no room in the context, an empty prompt without a `bosTokenId`, and logits
 * that are NaN or infinite; and the signal's reason when it is aborted.
 */
export async function* generateTokens(input: GenerateInput): AsyncGenerator<GeneratedToken, GenerationResult, void> {
  const { options, step, signal } = input;
  const sequence = new TokenSequence(requirePrompt(input));
  const limits = lengthLimits(sequence.position, input.contextLength, options);
  const seed = options.seed ?? drawSeed();
  const chain = composeProcessors({ ...options, minNewTokens: limits.min });
  const output = new GenerationOutput({ options, limits, detokenizer: input.detokenizer });

  let newIds = sequence.promptIds;
  while (output.finishReason === undefined) {
    signal?.throwIfAborted();
    const logits = await step(newIds);
    signal?.throwIfAborted();
    checkLogits(logits, sequence.position);
    const logProbs = options.logProbs === undefined ? undefined : new LogProbs(logits);
    const tokenId = chooseToken(logits, sequence, { chain, temperature: options.temperature, seed });
    sequence.append([tokenId]);
    newIds = [tokenId];
    yield output.add(tokenId, logProbs);
  }
  return output.result({ promptTokens: sequence.promptIds.length, seed });
}

function requirePrompt({ promptIds, bosTokenId }: GenerateInput): readonly number[] {
  if (promptIds.length > 0) return promptIds;
  if (bosTokenId !== undefined) return [bosTokenId];
  throw new RangeError('Cannot generate: the prompt has no tokens, and the model has no bos token to stand in for it');
}
