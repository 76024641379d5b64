/** What is left of the weight of earlier draws when another step comes. */
const DECAY = 0.97;
/** What is believed where nothing is known, and how many tested tokens a belief weighs. */
const PRIOR_RATE = 0.5;
const PRIOR_WEIGHT = 1;

/**
 * The estimate of α, the probability that a drafted token is accepted if those before it were, from what became of late
 * drafts, and before there are any from what is believed.
 */
export class AcceptanceRate {
  /** Drafted tokens that were looked at, and those of them that were accepted; late ones count more. */
  #tested = 0;
  #accepted = 0;
  readonly #believed: number;

  constructor(believed = PRIOR_RATE) {
    this.#believed = believed;
  }

  get value(): number {
    return (this.#accepted + this.#believed * PRIOR_WEIGHT) / (this.#tested + PRIOR_WEIGHT);
  }

  /** Takes what became of a step's draft, of a step without one too: old draws fade. */
  record({ numDrafted, numAccepted }: DraftOutcome): void {
    this.#tested = this.#tested * DECAY + numTested(numDrafted, numAccepted);
    this.#accepted = this.#accepted * DECAY + numAccepted;
  }
}

export interface DraftOutcome {
  readonly numDrafted: number;
  readonly numAccepted: number;
}

/** Drafted tokens that were looked at: those accepted, and the first that was not. */
export function numTested(numDrafted: number, numAccepted: number): number {
  return Math.min(numDrafted, numAccepted + 1);
}
