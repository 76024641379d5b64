import { AcceptanceRate, type DraftOutcome } from './acceptance-rate.ts';
import type { DraftCosts } from './draft-costs.ts';
import { expectedTokens } from './expected-gain.ts';
import type { StepCosts } from './step-costs.ts';

/** After so many steps with drafts, one goes without, and the other way round, so that neither figure grows old. */
const PROBE_INTERVAL = 64;
const PROBE_LENGTH = 4;
/** A sequence that nothing is known of is tried after so many steps. */
const FIRST_PROBE = 4;

/** What the steps of speculation take, learnt from all requests of an engine. */
export interface SpeculationCosts {
  /** Of the target model, by its rows: tokens of all sequences, drafted ones included. Steps with prompts would not do. */
  readonly target: StepCosts;
  /** Of the draft model. Empty where drafts cost nothing. */
  readonly draft: DraftCosts;
}

export interface DraftLengthOptions {
  readonly maxTokens: number;
  readonly costs: SpeculationCosts;
  /** α of other sequences, before this one has drafts of its own; 0.5 unless given. */
  readonly believedRate?: number | undefined;
}

/**
 * Chooses how many tokens to draft for a sequence, so that the most tokens come out per time: the γ that maximizes
 * E / (t + d), where E tokens are expected of a step (`expectedTokens` at the acceptance rate α of late), t is what
 * checking γ + 1 tokens takes and d what drafting γ takes. Leviathan et al. 2023 take t to be the time of one token and d to
 * be γ times that of one drafted; here both were measured. γ is 0 where drafting does not pay; now and then it is tried again.
 *
 * It never reads a clock, and its choice changes no token where drafts are accepted exactly.
 */
export class DraftLength {
  readonly #maxTokens: number;
  readonly #costs: SpeculationCosts;
  readonly #acceptance: AcceptanceRate;
  /** Whether the last steps had drafts, and how many they were. */
  #isDrafting = false;
  #numAlike = PROBE_INTERVAL - FIRST_PROBE;

  constructor(of: DraftLengthOptions) {
    this.#maxTokens = of.maxTokens;
    this.#costs = of.costs;
    this.#acceptance = new AcceptanceRate(of.believedRate);
  }

  /** The estimate of α, the probability that a drafted token is accepted if those before it were. */
  get acceptanceRate(): number {
    return this.#acceptance.value;
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
  record(outcome: DraftOutcome): void {
    this.#acceptance.record(outcome);
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
    return target.estimate(numSequences * (length + 1))! + draft.estimate(numSequences, length);
  }
}
