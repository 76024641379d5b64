import { StepCosts } from './step-costs.ts';

/**
 * How long drafting takes, by how many tokens each of how many sequences gets. A draft is one list of commands where the
 * device chooses by itself, so that calling it costs the same for one token as for eight: what counts is the whole draft,
 * not a token of it.
 */
export class DraftCosts {
  readonly #byNumSequences = new Map<number, StepCosts>();

  /** Takes the milliseconds of a draft. */
  record({ numSequences, numTokens, ms }: DraftTime): void {
    const costs = this.#byNumSequences.get(numSequences) ?? new StepCosts();
    this.#byNumSequences.set(numSequences, costs);
    costs.record(numTokens, ms);
  }

  /** Milliseconds that a draft of `numTokens` for each sequence takes; 0 before the first measurement. */
  estimate(numSequences: number, numTokens: number): number {
    if (numTokens === 0) return 0;
    const costs = this.#nearest(numSequences);
    if (costs === undefined) return 0;
    const ms = costs.estimate(numTokens)!;
    // One length says nothing of what a call costs by itself: a shorter one is tried in the hope that it costs nothing.
    const [only] = costs.measured;
    return costs.numMeasured === 1 && numTokens < only! ? (ms * numTokens) / only! : ms;
  }

  /** Of as many sequences, or of the number next to it that was measured. */
  #nearest(numSequences: number): StepCosts | undefined {
    const away = (number: number) => Math.abs(number - numSequences);
    const [nearest] = [...this.#byNumSequences.keys()].sort((a, b) => away(a) - away(b));
    return nearest === undefined ? undefined : this.#byNumSequences.get(nearest);
  }
}

/** What a draft took. */
export interface DraftTime {
  readonly numSequences: number;
  /** For each sequence. */
  readonly numTokens: number;
  readonly ms: number;
}
