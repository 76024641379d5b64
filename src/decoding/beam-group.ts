import { uniform } from '../base/random.ts';
import type { GenerationOptions } from '../config/generation-options.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import type { LogProbs } from '../sampling/log-probs.ts';
import { allRemoved } from '../sampling/sampler.ts';
import { BeamHypotheses, type BeamHypothesis, lengthPenalized } from './beam-hypotheses.ts';
import { finishReasonOf } from './beam-result.ts';
import { drawCandidates } from './draw-candidates.ts';
import type { ChosenLogProb } from './generation-output.ts';
import { type BeamCandidate, type BeamRow, likeliestCandidates } from './likeliest-candidates.ts';
import type { SearchInput } from './sampling-search.ts';
import { type ScoredRow, scoreBeam } from './score-beam.ts';
import type { Hypothesis } from './search-strategy.ts';
import type { FinishReason } from './stopping.ts';

/** The k-th draw of beam sampling at a position has lane BEAM_LANE + k of `uniform(seed, position, lane)`. */
const BEAM_LANE = 1024;

/** A sequence that goes on. */
interface Beam {
  readonly tokenIds: readonly number[];
  /** Of all its tokens, as the processors left them. */
  readonly logProb: number;
  /** Of each token under the raw model distribution, where options ask for it. */
  readonly logProbs: readonly ChosenLogProb[];
}

/** What a candidate makes of its beam. */
interface ExtendedBeam extends Beam {
  /** Index of the beam it continues. */
  readonly parent: number;
  /** undefined where it may go on. */
  readonly finishReason: FinishReason | undefined;
}

/** A token that a beam goes on with. */
export interface BeamStep {
  readonly parent: number;
  readonly tokenId: number;
}

/** Candidates of so many beams: enough can go on, though each beam may end with every stop token. */
export function numCandidates(numBeams: number, { stopTokenIds }: Pick<GenerationOptions, 'stopTokenIds'>): number {
  return Math.max(2, 1 + stopTokenIds.length) * numBeams;
}

/**
 * Beams that compete with each other: all of a beam search, or those of one group. Which candidates are looked at, which go
 * on, which are finished and when it ends is as in Hugging Face Transformers 5.23; with groups as in 4.49, which
 * still had them built in and whose rules of ending differ a little.
 */
export class BeamGroup {
  readonly #input: SearchInput;
  readonly #chain: ProcessorChain;
  readonly #size: number;
  readonly #isOneOfSeveral: boolean;
  readonly #finished: BeamHypotheses;
  /** Those that are alive, likeliest first: one without tokens to begin with. */
  #beams: readonly Beam[] = [{ tokenIds: [], logProb: 0, logProbs: [] }];

  constructor(input: SearchInput, chain: ProcessorChain, size: number) {
    this.#input = input;
    this.#chain = chain;
    this.#size = size;
    this.#isOneOfSeveral = input.options.numBeamGroups > 1;
    this.#finished = new BeamHypotheses(size);
  }

  /** Beams that are alive; 0 when the group has ended. */
  get numBeams(): number {
    return this.#beams.length;
  }

  /** What is finished, best first. */
  get hypotheses(): readonly BeamHypothesis[] {
    return this.#finished.ranked;
  }

  /**
   * Continues the beams, whose tokens and logits `hypotheses` are; earlier groups have chosen the tokens `chosenByOthers` in
   * this step. Gives what the group has chosen: first its beams, unless it ends here.
   */
  advance(hypotheses: readonly Hypothesis[], chosenByOthers: readonly number[]): readonly BeamStep[] {
    const rows = hypotheses.map((hypothesis, i) => this.#score(hypothesis, this.#beams[i]!, chosenByOthers));
    const candidates = this.#choose(rows, hypotheses[0]!.sequence.position);
    const extended = candidates.map((candidate) => this.#extend(candidate, rows[candidate.beam]!.raw));
    this.#finishSome(extended.slice(0, this.#size));
    const unstopped = extended.filter(({ finishReason }) => finishReason !== 'stop');
    const best = unstopped.sort((a, b) => b.logProb - a.logProb).slice(0, this.#size);
    const alive = best.filter(({ finishReason }) => finishReason === undefined);
    if (alive.length === 0) this.#expectHypotheses(hypotheses[0]!);
    this.#beams = this.#isOver(alive, extended) ? [] : alive;
    return best.map(({ parent, tokenIds }) => ({ parent, tokenId: tokenIds.at(-1)! }));
  }

  /** Ends all beams where they are. */
  end(reason: FinishReason): void {
    for (const beam of this.#beams) this.#finish(beam, reason);
    this.#beams = [];
  }

  #score(hypothesis: Hypothesis, { logProb }: Beam, chosenByOthers: readonly number[]): ScoredRow {
    const { logProbs, diversityPenalty: penalty } = this.#input.options;
    const diversity = { chosenByOthers, penalty };
    return scoreBeam(hypothesis, { logProb, chain: this.#chain, diversity, keepsRaw: logProbs !== undefined });
  }

  #choose(rows: readonly BeamRow[], position: number): readonly BeamCandidate[] {
    const { options, seed } = this.#input;
    const count = numCandidates(this.#size, options);
    if (options.temperature === 0) return likeliestCandidates(rows, count);
    return drawCandidates(rows, count, (k) => uniform(seed, position, BEAM_LANE + k));
  }

  #extend({ beam, tokenId, logProb }: BeamCandidate, raw: LogProbs | undefined): ExtendedBeam {
    const before = this.#beams[beam]!;
    const tokenIds = [...before.tokenIds, tokenId];
    const finishReason = finishReasonOf(tokenIds, this.#input);
    if (raw === undefined) return { parent: beam, tokenIds, logProb, logProbs: [], finishReason };
    const topLogProbs = raw.top(this.#input.options.logProbs ?? 0);
    const logProbs = [...before.logProbs, { tokenId, logProb: raw.of(tokenId), topLogProbs }];
    return { parent: beam, tokenIds, logProb, logProbs, finishReason };
  }

  /**
   * Finishes those of the first candidates that have come to their end; the later ones are there only so that enough go on. In
   * groups that end with enough hypotheses, what the length limit cuts short does not count beside enough that have stopped.
   */
  #finishSome(first: readonly ExtendedBeam[]): void {
    const stopped = first.filter(({ finishReason }) => finishReason === 'stop');
    const isEnough = this.#finished.ranked.length + stopped.length >= this.#size;
    const leavesOut = this.#isOneOfSeveral && this.#input.options.earlyStopping === true && isEnough;
    for (const beam of leavesOut ? stopped : first)
      if (beam.finishReason !== undefined) this.#finish(beam, beam.finishReason);
  }

  #finish({ tokenIds, logProb, logProbs }: Beam, finishReason: FinishReason): void {
    const score = lengthPenalized(logProb, tokenIds.length, this.#input.options.lengthPenalty);
    this.#finished.add({ tokenIds, logProbs, finishReason, score });
  }

  #expectHypotheses({ sequence, rows }: Hypothesis): void {
    if (this.#finished.ranked.length > 0) return;
    throw allRemoved(sequence, rows[0]?.length ?? this.#chain.short!.vocabSize);
  }

  /** Whether no beam is alive, or none is thought to become better than what is finished. */
  #isOver(alive: readonly Beam[], candidates: readonly Beam[]): boolean {
    if (alive.length === 0) return true;
    if (!this.#finished.isFull) return false;
    const { earlyStopping, lengthPenalty } = this.#input.options;
    if (earlyStopping === true) return true;
    // In groups, the likeliest candidate stands for the likeliest beam, though it may have ended itself.
    const { logProb, tokenIds } = this.#isOneOfSeveral ? candidates[0]! : alive[0]!;
    // As log probabilities fall, the score can rise with the length only where the penalty is positive: at most to that of the
    // longest sequence, which 'never' waits for. Otherwise it is guessed from the length of now.
    const isLongest = earlyStopping === 'never' && lengthPenalty > 0;
    const length = isLongest ? this.#input.limits.max : tokenIds.length;
    return lengthPenalized(logProb, length, lengthPenalty) <= this.#finished.lowestScore;
  }
}
