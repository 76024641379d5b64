import { expectedTokens } from './expected-gain.ts';
import type { StepCosts } from './step-costs.ts';

/** What is left of the weight of earlier draws when another step comes. */
const DECAY = 0.97;
/** What is believed of a sequence that nothing is known of, and how many tested tokens that belief weighs. */
const PRIOR_RATE = 0.5;
const PRIOR_WEIGHT = 1;
/** After so many steps with drafts, one goes without, and the other way round, so that neither figure grows old. */
const PROBE_INTERVAL = 64;
const PROBE_LENGTH = 4;
/** A sequence that nothing is known of is tried after so many steps. */
const FIRST_PROBE = 4;

/** What the steps of speculation take, learnt from all requests of an engine. */
export interface SpeculationCosts {
  /** Of the target model, by its rows: tokens of all sequences, drafted ones included. Steps with prompts would not do. */
  readonly target: StepCosts;
  /** Of the draft model, by its rows: one a sequence where each drafts one more token. Empty where drafts cost nothing. */
  readonly draft: StepCosts;
}

/**
 * Chooses how many tokens to draft for a sequence, so that the most tokens come out per time: the γ that maximizes
 * E / (t + γ · d), where E tokens are expected of a step (`expectedTokens` at the acceptance rate α of late), t is what
 * checking γ + 1 tokens takes and d what drafting one takes. Leviathan et al. 2023 take t to be the time of one token; here
 * it was measured. γ is 0 where drafting does not pay; now and then it is tried again.
 *
 * It never reads a clock, and its choice changes no token where drafts are accepted exactly.
 */
export class DraftLength {
  readonly #maxTokens: number;
  readonly #costs: SpeculationCosts;
  /** Drafted tokens that were looked at, and those of them that were accepted; late ones count more. */
  #tested = 0;
  #accepted = 0;
  /** Whether the last steps had drafts, and how many they were. */
  #isDrafting = false;
  #numAlike = PROBE_INTERVAL - FIRST_PROBE;

  constructor(of: { readonly maxTokens: number; readonly costs: SpeculationCosts }) {
    this.#maxTokens = of.maxTokens;
    this.#costs = of.costs;
  }

  /** The estimate of α, the probability that a drafted token is accepted if those before it were. */
  get acceptanceRate(): number {
    return (this.#accepted + PRIOR_RATE * PRIOR_WEIGHT) / (this.#tested + PRIOR_WEIGHT);
  }

  /** How many tokens to draft for the next step, in which `numSequences` sequences take part alike. */
  choose(numSequences = 1): number {
    const best = this.#best(numSequences);
    this.#numAlike = best > 0 === this.#isDrafting ? this.#numAlike + 1 : 1;
    this.#isDrafting = best > 0;
    if (this.#numAlike <= PROBE_INTERVAL) return best;
    this.#numAlike = 0;
    return this.#isDrafting ? 0 : Math.min(PROBE_LENGTH, this.#maxTokens);
  }

  /** Takes what became of a step's draft, of a step without one too: old draws fade. */
  record({ numDrafted, numAccepted }: { readonly numDrafted: number; readonly numAccepted: number }): void {
    this.#tested = this.#tested * DECAY + numTested(numDrafted, numAccepted);
    this.#accepted = this.#accepted * DECAY + numAccepted;
  }

  #best(numSequences: number): number {
    const { target } = this.#costs;
    // A step without drafts is measured first, then one with: before, there is nothing to compare.
    if (target.numMeasured < 2) return target.isMeasured(numSequences) ? this.#maxTokens : 0;
    let best = 0;
    let bestRate = 0;
    for (let length = 0; length <= this.#maxTokens; length++) {
      const rate = expectedTokens(this.acceptanceRate, length) / this.#milliseconds(length, numSequences);
      if (rate > bestRate) [best, bestRate] = [length, rate];
    }
    return best;
  }

  #milliseconds(length: number, numSequences: number): number {
    const { target, draft } = this.#costs;
    return target.estimate(numSequences * (length + 1))! + length * (draft.estimate(numSequences) ?? 0);
  }
}

/** Drafted tokens that were looked at: those accepted, and the first that was not. */
export function numTested(numDrafted: number, numAccepted: number): number {
  return Math.min(numDrafted, numAccepted + 1);
}
