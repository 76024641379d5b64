import type { SequenceView } from '../sampling/sequence-view.ts';

/** Tokens guessed for a sequence, which the model checks all at once (Leviathan et al. 2023). */
export interface Draft {
  readonly tokenIds: readonly number[];
  /**
   * The distribution (V, probabilities) that each token was drawn from; left out where the guess is certain of itself (a
   * lookup, a greedy draft).
   */
  readonly distributions?: readonly Float32Array[] | undefined;
}

/**
 * Guesses how a sequence goes on. A wrong guess costs time and never changes the result. It may give fewer tokens than
 * `maxTokens`, or none.
 *
 * @example
 * const proposer: DraftProposer = { propose: async ({ tokenIds }, maxTokens) => lookUp(tokenIds).slice(0, maxTokens) };
 */
export interface DraftProposer {
  propose(sequence: SequenceView, maxTokens: number): Promise<readonly number[]> | readonly number[];
}
