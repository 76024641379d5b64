import { forceTokens } from './force-tokens.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { checkVocabulary, namedTokens } from './named-tokens.ts';

/** Which tokens end a text that is about to get `atLength` tokens, its prompt included. */
export interface ForcedEosOptions {
  readonly tokenIds: readonly number[];
  readonly atLength: number;
}

const ACTION = 'force the last token';

/**
 * Hugging Face's `forced_eos_token_id`: the token that makes the sequence `atLength` long (HF's `max_length`) is one of
 * `tokenIds`; their logits become 0, even if they were removed. Throws a `RangeError` for an empty list, a length below 1,
 * or, at that row, a token that is not in the vocabulary.
 */
export function forcedEos({ tokenIds, atLength }: ForcedEosOptions): LogitsProcessor {
  const forcedIds = namedTokens(tokenIds, ACTION);
  if (forcedIds.length === 0) throw new RangeError(`Cannot ${ACTION}: the list of tokens is empty`);
  if (!(Number.isInteger(atLength) && atLength >= 1)) {
    throw new RangeError(`Cannot ${ACTION}: the length is ${atLength}, but it must be a whole number above 0`);
  }
  return (logits, { position }) => {
    if (position !== atLength - 1) return;
    checkVocabulary(forcedIds, logits.length, ACTION);
    forceTokens(logits, forcedIds);
  };
}
