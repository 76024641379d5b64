import { BeamGroup } from './beam-group.ts';
import { openOutput, resultOf } from './beam-result.ts';
import type { GenerationResult } from './generation-output.ts';
import type { SearchInput } from './sampling-search.ts';
import type { Continuation, Hypothesis, SearchStrategy } from './search-strategy.ts';

/**
 * Beam search: keeps the `numBeams` likeliest beginnings instead of one, and returns the sequences with the best scores,
 * log probability / length^`lengthPenalty`. The log probabilities are those of the model, changed by the processors, as in
 * Hugging Face Transformers. At a temperature above 0 the continuations are drawn (beam sampling). With `numBeamGroups` the
 * beams are kept in groups, each of which avoids, by `diversityPenalty`, the tokens that groups before it choose at the same
 * step (diverse beam search: Vijayakumar et al. 2016).
 *
 * A sequence is known only when the search is over; its tokens are reported then. Fewer than `numReturnSequences` come back
 * where the processors leave no more to find.
 */
export class BeamSearch implements SearchStrategy {
  readonly maxHypotheses: number;
  readonly needsHidden = false;
  readonly #input: SearchInput;
  readonly #groups: readonly BeamGroup[];
  #hasStarted = false;
  #results: readonly GenerationResult[] | undefined;

  /** Throws a `TypeError` for stop strings without a detokenizer. */
  constructor(input: SearchInput) {
    const { numBeams, numBeamGroups } = input.options;
    openOutput(input, 0);
    this.maxHypotheses = numBeams;
    this.#input = input;
    // No processor remembers a sequence, so that one chain does for all beams.
    const chain = input.chainFor(input.seed);
    this.#groups = Array.from(
      { length: numBeamGroups },
      () => new BeamGroup(input, chain, Math.floor(numBeams / numBeamGroups)),
    );
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    const continuations: Continuation[] = [];
    const chosen: number[] = [];
    let first = 0;
    for (const group of this.#groups) {
      const { numBeams } = group;
      if (numBeams === 0) continue;
      const own = this.#hasStarted ? hypotheses.slice(first, first + numBeams) : copies(hypotheses, this.#groups.length);
      const steps = group.advance(own, chosen);
      for (const { parent, tokenId } of steps.slice(0, group.numBeams))
        continuations.push({ parent: first + parent, tokenIds: [tokenId] });
      for (const { tokenId } of steps) chosen.push(tokenId);
      if (this.#hasStarted) first += numBeams;
    }
    this.#hasStarted = true;
    if (continuations.length === 0) this.#end();
    return continuations;
  }

  finish(reason: 'time'): boolean {
    for (const group of this.#groups) group.end(reason);
    this.#end();
    return true;
  }

  results(): readonly GenerationResult[] {
    if (this.#results === undefined) throw new Error('Cannot give the results: the search is not over');
    return this.#results;
  }

  #end(): void {
    const hypotheses = this.#groups.flatMap((group) => group.hypotheses);
    const ranked = hypotheses.sort((a, b) => b.score - a.score).slice(0, this.#input.options.numReturnSequences);
    this.#results = ranked.map((hypothesis, index) => resultOf(hypothesis, index, this.#input));
  }
}

/** All groups begin with the prompt, and each changes the row. */
function copies(hypotheses: readonly Hypothesis[], numGroups: number): readonly Hypothesis[] {
  if (numGroups === 1) return hypotheses;
  return hypotheses.map((hypothesis) => ({ ...hypothesis, rows: hypothesis.rows.map((row) => row.slice()) }));
}
