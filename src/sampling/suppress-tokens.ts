import type { LogitsProcessor } from './logits-processor.ts';
import { checkVocabulary, namedTokens } from './named-tokens.ts';

const ACTION = 'suppress tokens';

/**
 * Hugging Face's `suppress_tokens`: removes tokens wherever they would come. Throws a `RangeError` at the first row for a
 * token that is not in the vocabulary, which Hugging Face ignores.
 */
export function suppressTokens(tokenIds: readonly number[]): LogitsProcessor {
  const suppressedIds = namedTokens(tokenIds, ACTION);
  return (logits) => {
    checkVocabulary(suppressedIds, logits.length, ACTION);
    for (const id of suppressedIds) logits[id] = Number.NEGATIVE_INFINITY;
  };
}
