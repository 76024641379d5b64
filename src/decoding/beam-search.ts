import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { BeamGroup, numCandidates } from './beam-group.ts';
import { openOutput, resultOf } from './beam-result.ts';
import type { GenerationResult } from './generation-output.ts';
import type { SearchInput } from './sampling-search.ts';
import type { Continuation, Hypothesis, SearchStrategy } from './search-strategy.ts';

/**
 * Beam search: keeps the `numBeams` likeliest beginnings instead of one, and returns the sequences with the best scores,
 * log probability / length^`lengthPenalty`, as Hugging Face Transformers does. The processors change the log probabilities. At
 * a temperature above 0 continuations are drawn (beam sampling). With `numBeamGroups` the beams are in groups, each of which
 * avoids by `diversityPenalty` the tokens that groups before it choose in the same step (Vijayakumar et al. 2018).
 *
 * Which sequences are returned is known when the search is over; their tokens are reported then, one sequence after the
 * other. Fewer than `numReturnSequences` come back where the processors leave no more to find.
 */
export class BeamSearch implements SearchStrategy {
  readonly maxHypotheses: number;
  readonly needsHidden = false;
  readonly numLikeliest: number | undefined;
  readonly needsLogSums = true;
  readonly #input: SearchInput;
  readonly #groups: readonly BeamGroup[];
  #hasStarted = false;
  #results: readonly GenerationResult[] | undefined;

  /** Throws a `TypeError` for stop strings without a detokenizer. */
  constructor(input: SearchInput) {
    // Not at the end only, when it makes the texts.
    openOutput(input, 0);
    const { numBeams, numBeamGroups } = input.options;
    // Processors that remember a sequence do not go with beams, so one chain does for all.
    const chain = input.chainFor(input.seed);
    this.maxHypotheses = numBeams;
    this.numLikeliest = numLikeliest(input, chain);
    this.#input = input;
    this.#groups = Array.from({ length: numBeamGroups }, () => new BeamGroup(input, chain, numBeams / numBeamGroups));
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    const continuations: Continuation[] = [];
    const chosen: number[] = [];
    let first = 0;
    for (const group of this.#groups) {
      const { numBeams } = group;
      if (numBeams === 0) continue;
      const own = this.#hasStarted ? hypotheses.slice(first, first + numBeams) : this.#beginning(hypotheses[0]!);
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

  /** The prompt, for one of the groups, each of which changes the row. */
  #beginning(prompt: Hypothesis): readonly Hypothesis[] {
    if (this.#groups.length === 1) return [prompt];
    return [{ ...prompt, rows: prompt.rows.map((row) => row.slice()) }];
  }

  #end(): void {
    const hypotheses = this.#groups.flatMap((group) => group.hypotheses);
    const ranked = hypotheses.sort((a, b) => b.score - a.score).slice(0, this.#input.options.numReturnSequences);
    this.#results = ranked.map((hypothesis, index) => resultOf(hypothesis, index, this.#input));
  }
}

/** How many tokens of a row can be candidates, where no more of it is looked at. */
function numLikeliest({ options }: SearchInput, { short }: ProcessorChain): number | undefined {
  const { temperature, logProbs, guidanceScale, numBeams, numBeamGroups } = options;
  if (temperature !== 0 || logProbs !== undefined || guidanceScale !== 1) return undefined;
  // Of the tokens that earlier groups have chosen each may be lowered.
  const numChosen = numBeamGroups > 1 ? numBeams : 0;
  return short?.numLikeliest(numCandidates(numBeams / numBeamGroups, options), numChosen);
}
