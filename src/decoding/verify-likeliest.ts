import { checkLikeliest } from '../sampling/check-logits.ts';
import type { SequenceView } from '../sampling/sequence-view.ts';
import type { Draft } from './draft.ts';
import type { LikeliestToken } from './search-strategy.ts';
import type { VerifiedToken } from './verify-draft.ts';

/**
 * `verifyDraft` of a greedy choice among raw logits: `likeliest` has the likeliest token after the sequence, and after each
 * token of the draft. Throws a `RangeError` for logits that are not finite.
 */
export function* verifyLikeliest(
  sequence: SequenceView,
  likeliest: readonly LikeliestToken[],
  draft: Draft | undefined,
): Generator<VerifiedToken, void, void> {
  for (const [i, { tokenId, logit }] of likeliest.entries()) {
    checkLikeliest(tokenId, logit, sequence.position + i);
    const isAccepted = tokenId === draft?.tokenIds[i];
    yield { tokenId, isAccepted };
    if (!isAccepted) return;
  }
}
