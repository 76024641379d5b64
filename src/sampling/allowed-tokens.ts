import { keepOnly } from './keep-only.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { checkVocabulary, namedTokens } from './named-tokens.ts';

const ACTION = 'allow only some tokens';

/**
 * vLLM's `allowed_token_ids`: removes every token that is not listed. Throws a `RangeError` for an empty list, or, at the
 * first row, for a token that is not in the vocabulary.
 */
export function allowedTokens(tokenIds: readonly number[]): LogitsProcessor {
  const allowedIds = namedTokens(tokenIds, ACTION);
  if (allowedIds.length === 0) throw new RangeError(`Cannot ${ACTION}: the list is empty, but it must have one`);
  const scratch = new Float32Array(allowedIds.length);
  return (logits) => {
    checkVocabulary(allowedIds, logits.length, ACTION);
    keepOnly(logits, allowedIds, scratch);
  };
}
