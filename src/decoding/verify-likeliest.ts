import { checkLikeliest } from '../sampling/check-logits.ts';
import type { LikeliestTokens } from '../sampling/likeliest-tokens.ts';
import { chooseLikeliest, type SamplerOptions } from '../sampling/sampler.ts';
import type { SequenceView } from '../sampling/sequence-view.ts';
import type { Draft } from './draft.ts';
import { extendView, type VerifiedToken } from './verify-draft.ts';

export interface LikeliestVerification {
  /** The tokens so far; the draft is not among them. */
  readonly sequence: SequenceView;
  /** After the sequence, and after each token of the draft. */
  readonly likeliest: readonly LikeliestTokens[];
  readonly draft: Draft | undefined;
  readonly chooser: SamplerOptions;
}

/**
 * `verifyDraft` with acceptance `exact` from the likeliest tokens of each row, which must be enough for the chooser. Throws a
 * `RangeError` for logits that are not finite, and a chain that removes every token.
 */
export function* verifyLikeliest(input: LikeliestVerification): Generator<VerifiedToken, void, void> {
  const { sequence, likeliest, draft, chooser } = input;
  let view = sequence;
  for (const [i, tokens] of likeliest.entries()) {
    checkLikeliest(tokens, view.position);
    const tokenId = chooseLikeliest(tokens, view, chooser);
    const isAccepted = tokenId === draft?.tokenIds[i];
    yield { tokenId, isAccepted };
    if (!isAccepted) return;
    view = extendView(view, sequence, tokenId);
  }
}
