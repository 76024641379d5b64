import type { GenerationOptions } from '../config/generation-options.ts';

/** Why a sequence ended: a stop token or stop string, no room for more tokens, or the end of its time. */
export type FinishReason = 'stop' | 'length' | 'time';

/** Fewest and most tokens to generate after a prompt. */
export interface LengthLimits {
  readonly min: number;
  readonly max: number;
}

/**
 * The limits that options and context set for a prompt of `promptLength` tokens. Prompt and generated text together fill at
 * most the context. Throws a `RangeError` when the prompt leaves no room for one token.
 */
export function lengthLimits(
  promptLength: number,
  contextLength: number,
  options: Pick<GenerationOptions, 'maxNewTokens' | 'maxLength' | 'minNewTokens' | 'minLength'>,
): LengthLimits {
  const { maxNewTokens = Number.POSITIVE_INFINITY, maxLength = Number.POSITIVE_INFINITY } = options;
  requireRoom(promptLength, contextLength, 'the context holds');
  requireRoom(promptLength, maxLength, 'maxLength is');
  const max = Math.min(maxNewTokens, maxLength - promptLength, contextLength - promptLength);
  const min = Math.min(max, Math.max(options.minNewTokens, options.minLength - promptLength));
  return { min, max };
}

function requireRoom(promptLength: number, limit: number, limitIs: string): void {
  if (promptLength < limit) return;
  throw new RangeError(
    `Cannot generate: the prompt has ${promptLength} tokens, but ${limitIs} ${limit}, and at least one token must fit after it`,
  );
}
