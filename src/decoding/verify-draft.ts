import { checkLogits } from '../sampling/check-logits.ts';
import { acceptOrRedraw, type DraftedToken } from '../sampling/rejection-sampler.ts';
import { applyChain, chooseToken, type SamplerOptions } from '../sampling/sampler.ts';
import type { SequenceView } from '../sampling/sequence-view.ts';
import type { Draft } from './draft.ts';
import { TokenSequence } from './token-sequence.ts';

/**
 * How a drafted token is accepted. `exact`: the model chooses its own token, as it would without a draft, and the guess
 * holds if it is the same; so a draft never shows in the result, greedy or drawn. `rejection`: speculative sampling, which
 * accepts as often as can be; the tokens are distributed as without a draft but are other ones, and which ones depends on
 * how many were drafted at once.
 */
export type DraftAcceptance = 'exact' | 'rejection';

export interface DraftVerification {
  /** The tokens so far; the draft is not among them. */
  readonly sequence: SequenceView;
  /** Raw logits (V), which are changed: row 0 follows the sequence, row i the i-th token of the draft, counted from 1. */
  readonly rows: readonly Float32Array[];
  readonly draft: Draft | undefined;
  readonly chooser: SamplerOptions;
  readonly acceptance: DraftAcceptance;
  /** Sees each row that a token is about to be chosen from, still raw. */
  readonly onRow?: ((row: Float32Array) => void) | undefined;
}

/** The next token of a sequence. */
export interface VerifiedToken {
  readonly tokenId: number;
  /** Whether it was drafted, and accepted. */
  readonly isAccepted: boolean;
}

/**
 * The tokens by which a sequence goes on, one by one, so that the caller can stop between two: the part of the draft that is
 * accepted, then one more, in place of the first that is not or after them all (Leviathan et al. 2023, algorithm 1). Without
 * a draft that is one token. The processors see each token that was accepted before.
 *
 * Throws a `RangeError` for rows that do not fit the draft, logits that are not finite, and a chain that removes every token.
 *
 * @example
 * for (const { tokenId } of verifyDraft({ sequence, rows, draft, chooser, acceptance: 'exact' })) {
 *   appended.push(tokenId);
 *   if (isStopToken(tokenId)) break;
 * }
 */
export function* verifyDraft(input: DraftVerification): Generator<VerifiedToken, void, void> {
  const { rows, draft, onRow } = input;
  expectRows(rows, draft);
  let view = input.sequence;
  for (const [i, row] of rows.entries()) {
    checkLogits(row, view.position, input.chooser.chain);
    onRow?.(row);
    const token = chooseOrAccept(input, draftedToken(draft, i), row, view);
    yield token;
    if (!token.isAccepted) return;
    view = extendView(view, input.sequence, token.tokenId);
  }
}

function expectRows(rows: readonly Float32Array[], draft: Draft | undefined): void {
  const numDrafted = draft?.tokenIds.length ?? 0;
  if (rows.length !== numDrafted + 1)
    throw new RangeError(
      `Cannot check a draft of ${numDrafted} tokens: got ${rows.length} rows of logits, wanted ${numDrafted + 1}`,
    );
  const numDistributions = draft?.distributions?.length ?? numDrafted;
  if (numDistributions !== numDrafted)
    throw new RangeError(`Cannot check a draft of ${numDrafted} tokens: got ${numDistributions} distributions of them`);
}

function draftedToken(draft: Draft | undefined, i: number): DraftedToken | undefined {
  const tokenId = draft?.tokenIds[i];
  return tokenId === undefined ? undefined : { tokenId, distribution: draft?.distributions?.[i] };
}

function chooseOrAccept(
  { chooser, acceptance }: DraftVerification,
  drafted: DraftedToken | undefined,
  row: Float32Array,
  view: SequenceView,
): VerifiedToken {
  // Where p is 1 at one token, both ways of accepting are the same.
  if (drafted === undefined || acceptance === 'exact' || chooser.temperature === 0) {
    const tokenId = chooseToken(row, view, chooser);
    return { tokenId, isAccepted: tokenId === drafted?.tokenId };
  }
  applyChain(chooser.chain, row, view);
  return acceptOrRedraw(row, drafted, { seed: chooser.seed, position: view.position });
}

/** The sequence with one more token; the first time a copy, since the sequence itself is not ours to change. */
export function extendView(view: SequenceView, sequence: SequenceView, tokenId: number): SequenceView {
  const extended = view === sequence ? TokenSequence.of(view) : (view as TokenSequence);
  extended.append([tokenId]);
  return extended;
}
