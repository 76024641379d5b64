import type { ChosenLogProb } from './generation-output.ts';
import type { FinishReason } from './stopping.ts';

/** A sequence that a beam has come to. */
export interface BeamHypothesis {
  readonly tokenIds: readonly number[];
  /** Of each token, where options ask for it. */
  readonly logProbs: readonly ChosenLogProb[];
  readonly finishReason: FinishReason;
  /** See `lengthPenalized`. */
  readonly score: number;
}

/** The score that hypotheses are compared by (Wu et al. 2016, in the form of Hugging Face): log probability / length^penalty. */
export function lengthPenalized(logProb: number, length: number, lengthPenalty: number): number {
  return length === 0 ? logProb : logProb / length ** lengthPenalty;
}

/** The best hypotheses that have been found. */
export class BeamHypotheses {
  readonly #size: number;
  #ranked: readonly BeamHypothesis[] = [];

  /** Keeps the best `size`. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Best first; of equals the one that was found first. */
  get ranked(): readonly BeamHypothesis[] {
    return this.#ranked;
  }

  get isFull(): boolean {
    return this.#ranked.length === this.#size;
  }

  /** What another one must exceed to be kept. */
  get lowestScore(): number {
    return this.isFull ? this.#ranked.at(-1)!.score : Number.NEGATIVE_INFINITY;
  }

  add(hypothesis: BeamHypothesis): void {
    this.#ranked = [...this.#ranked, hypothesis].sort((a, b) => b.score - a.score).slice(0, this.#size);
  }
}
