import { uniform } from '../base/random.ts';
import { checkLogits } from '../sampling/check-logits.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { hammingDiversity } from '../sampling/hamming-diversity.ts';
import { LogProbs } from '../sampling/log-probs.ts';
import { renormalize } from '../sampling/renormalize.ts';
import { applyChain } from '../sampling/sampler.ts';
import { BeamHypotheses, type BeamHypothesis, lengthPenalized } from './beam-hypotheses.ts';
import { finishReasonOf } from './beam-result.ts';
import { drawCandidates } from './draw-candidates.ts';
import type { ChosenLogProb } from './generation-output.ts';
import { type BeamCandidate, type BeamRow, likeliestCandidates } from './likeliest-candidates.ts';
import type { SearchInput } from './sampling-search.ts';
import type { Hypothesis } from './search-strategy.ts';
import type { FinishReason } from './stopping.ts';

/** The k-th draw of beam sampling at a position has lane BEAM_LANE + k. */
export const BEAM_LANE = 1024;

/** A sequence that goes on. */
interface Beam {
  readonly tokenIds: readonly number[];
  /** Of its tokens, as the processors left them. */
  readonly logProb: number;
  /** Of each token under the raw model distribution, where options ask for it. */
  readonly logProbs: readonly ChosenLogProb[];
}

interface ScoredRow extends BeamRow {
  /** Of the row as the model gave it, where options ask for it. */
  readonly raw: LogProbs | undefined;
}

/** A candidate with what it comes to. */
interface Extension extends Beam {
  /** Index of the beam that it continues. */
  readonly parent: number;
  readonly finishReason: FinishReason | undefined;
}

/** A token that a beam of the group goes on with. */
export interface BeamStep {
  readonly parent: number;
  readonly tokenId: number;
}

/**
 * Beams that compete with each other: all of a beam search, or those of one group. Which candidates are looked at, kept and
 * finished, and when it ends, is as in Hugging Face Transformers 5.
 */
export class BeamGroup {
  readonly #input: SearchInput;
  readonly #chain: ProcessorChain;
  readonly #size: number;
  readonly #finished: BeamHypotheses;
  /** Those that go on, likeliest first. */
  #beams: readonly Beam[] = [{ tokenIds: [], logProb: 0, logProbs: [] }];

  constructor(input: SearchInput, chain: ProcessorChain, size: number) {
    this.#input = input;
    this.#chain = chain;
    this.#size = size;
    this.#finished = new BeamHypotheses(size);
  }

  /** Beams that are alive. */
  get numBeams(): number {
    return this.#beams.length;
  }

  /** Best first; complete when no beam is alive. */
  get hypotheses(): readonly BeamHypothesis[] {
    return this.#finished.ranked;
  }

  /**
   * Continues the beams, `chosenByOthers` being the tokens that earlier groups have chosen in this step. Gives its own; unless
   * the group ends here, they are its beams.
   */
  advance(hypotheses: readonly Hypothesis[], chosenByOthers: readonly number[]): readonly BeamStep[] {
    const rows = hypotheses.map((hypothesis, i) => this.#score(hypothesis, this.#beams[i]!, chosenByOthers));
    const candidates = this.#choose(rows, hypotheses[0]!.sequence.position);
    const extensions = candidates.map((candidate) => this.#extend(candidate, rows[candidate.beam]!.raw));
    // Candidates of a lower rank do not end: they are there so that enough beams go on.
    const top = extensions.slice(0, this.#size);
    for (const extension of top) if (extension.finishReason === 'stop') this.#finish(extension, 'stop');
    if (!(this.#input.options.numBeamGroups > 1 && this.#input.options.earlyStopping === true && this.#finished.isFull))
      for (const extension of top) if (extension.finishReason === 'length') this.#finish(extension, 'length');
    const unended = extensions.filter(({ finishReason }) => finishReason !== 'stop');
    const best = unended.sort((a, b) => b.logProb - a.logProb).slice(0, this.#size);
    this.#beams = best.filter(({ finishReason }) => finishReason === undefined);
    this.#expectAny(hypotheses[0]!);
    if (this.#isOver(extensions[0]!)) this.#beams = [];
    return best.map(({ parent, tokenIds }) => ({ parent, tokenId: tokenIds.at(-1)! }));
  }

  /** Ends all beams where they are. */
  end(reason: FinishReason): void {
    for (const beam of this.#beams) this.#finish(beam, reason);
    this.#beams = [];
  }

  /** Log probabilities of the token after a beam, in place. */
  #score({ rows, sequence }: Hypothesis, { logProb }: Beam, chosenByOthers: readonly number[]): ScoredRow {
    const { logProbs, diversityPenalty } = this.#input.options;
    const row = rows[0]!;
    checkLogits(row, sequence.position, this.#chain);
    const raw = logProbs === undefined ? undefined : new LogProbs(row);
    renormalize(row);
    hammingDiversity(row, chosenByOthers, diversityPenalty);
    applyChain(this.#chain, row, sequence);
    return { logProb, row, raw };
  }

  /** So many that, even if each beam may end in every way, enough go on. */
  #choose(rows: readonly BeamRow[], position: number): readonly BeamCandidate[] {
    const { options, seed } = this.#input;
    const count = Math.max(2, 1 + options.stopTokenIds.length) * this.#size;
    if (options.temperature === 0) return likeliestCandidates(rows, count);
    return drawCandidates(rows, count, (k) => uniform(seed, position, BEAM_LANE + k));
  }

  #extend({ beam, tokenId, logProb }: BeamCandidate, raw: LogProbs | undefined): Extension {
    const { tokenIds: before, logProbs } = this.#beams[beam]!;
    const tokenIds = [...before, tokenId];
    const finishReason = finishReasonOf(tokenIds, this.#input);
    if (raw === undefined) return { parent: beam, tokenIds, logProb, logProbs, finishReason };
    const topLogProbs = raw.top(this.#input.options.logProbs ?? 0);
    const chosen = { tokenId, logProb: raw.of(tokenId), topLogProbs };
    return { parent: beam, tokenIds, logProb, logProbs: [...logProbs, chosen], finishReason };
  }

  #finish({ tokenIds, logProb, logProbs }: Beam, finishReason: FinishReason | undefined): void {
    if (finishReason === undefined) return;
    const score = lengthPenalized(logProb, tokenIds.length, this.#input.options.lengthPenalty);
    this.#finished.add({ tokenIds, logProbs, finishReason, score });
  }

  #expectAny({ sequence, rows }: Hypothesis): void {
    if (this.#beams.length > 0 || this.#finished.ranked.length > 0) return;
    throw new RangeError(
      `Cannot choose the token at position ${sequence.position}: all ${rows[0]!.length} tokens are removed, but one must be left`,
    );
  }

  /** Whether no beam goes on, or none is thought to become better than what is finished. */
  #isOver(first: Beam): boolean {
    const best = this.#beams.length === 0 ? undefined : this.#input.options.numBeamGroups > 1 ? first : this.#beams[0];
    if (best === undefined) return true;
    if (!this.#finished.isFull) return false;
    const { earlyStopping, lengthPenalty } = this.#input.options;
    if (earlyStopping === true) return true;
    // Log probabilities only fall. With a positive penalty the score may rise all the same, at most to that of the longest;
    // that it ends at its length of now is a guess.
    const isLongest = earlyStopping === 'never' && lengthPenalty > 0;
    const length = isLongest ? this.#input.limits.max : best.tokenIds.length;
    return lengthPenalized(best.logProb, length, lengthPenalty) <= this.#finished.lowestScore;
  }
}
