import { forceTokens } from './force-tokens.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { checkVocabulary, namedTokens } from './named-tokens.ts';

const ACTION = 'force the first token';

/**
 * Hugging Face's `forced_bos_token_id`: after a prompt of exactly one token (the start token of a sequence-to-sequence
 * decoder) the first generated token is `tokenId`; its logit becomes 0, even if it was removed. Longer prompts are not
 * touched. Throws a `RangeError` at that row for a token that is not in the vocabulary.
 */
export function forcedBos(tokenId: number): LogitsProcessor {
  const forcedIds = namedTokens([tokenId], ACTION);
  return (logits, { tokenIds }) => {
    if (tokenIds.length !== 1) return;
    checkVocabulary(forcedIds, logits.length, ACTION);
    forceTokens(logits, forcedIds);
  };
}
