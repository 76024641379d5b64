import { keepOnly } from './keep-only.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { checkTokenIds, checkVocabulary } from './named-tokens.ts';

/** The ids that may come after these tokens, the prompt included; at least one. */
export type PrefixAllowedTokens = (tokenIds: readonly number[]) => readonly number[];

const ACTION = 'constrain the next token';

/**
 * Constrained decoding (De Cao et al. 2021; Hugging Face's `prefix_allowed_tokens_fn`): removes every token that the function
 * does not return. Throws a `RangeError` if it returns none, or one that is not in the vocabulary.
 *
 * If every allowed token was removed before, nothing is left, and choosing says so; Hugging Face brings the allowed ones
 * back. That needs all beams at once: one at a dead end would come back with a better score than the others have.
 */
export function prefixAllowedTokens(allowedAfter: PrefixAllowedTokens): LogitsProcessor {
  if (typeof allowedAfter !== 'function') {
    throw new TypeError(`Cannot ${ACTION}: got ${typeof allowedAfter}, but a function is needed`);
  }
  let scratch = new Float32Array(0);
  return (logits, { tokenIds, position }) => {
    const allowedIds = allowedAfter(tokenIds);
    checkTokenIds(allowedIds, ACTION);
    if (allowedIds.length === 0) {
      throw new RangeError(`Cannot ${ACTION}: no token is allowed at position ${position}, but one must be`);
    }
    checkVocabulary(allowedIds, logits.length, ACTION);
    if (scratch.length < allowedIds.length) scratch = new Float32Array(Math.max(allowedIds.length, logits.length));
    keepOnly(logits, allowedIds, scratch);
  };
}
