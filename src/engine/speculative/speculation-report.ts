import { numTested } from './acceptance-rate.ts';
import { expectedTokens } from './expected-gain.ts';

/** One run of the target model for one sequence. */
export interface SpeculativeRun {
  readonly numDrafted: number;
  readonly numAccepted: number;
  /** Tokens that the sequence got. */
  readonly numAppended: number;
  /** Milliseconds, if measured. */
  readonly times?: SpeculativeTimes | undefined;
}

/** What a run took, in milliseconds; each of a step that several sequences share is the whole step's. */
export interface SpeculativeTimes {
  readonly drafting: number;
  readonly target: number;
  /** What the target's step would take without drafts. */
  readonly plain: number;
}

/** What speculation did for a request. */
export interface SpeculationReport {
  readonly targetRuns: number;
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
  /** α: of the drafted tokens that were looked at, how many were accepted. undefined if there were none. */
  readonly acceptanceRate: number | undefined;
  /** Without drafts 1. undefined before the first run. */
  readonly tokensPerRun: number | undefined;
  /**
   * How many times faster than without drafts it should be by the formula of Leviathan et al. 2023 (theorem 3.8) at this α,
   * these draft lengths and the measured time of drafting, if checking a draft took no longer than a single token.
   */
  readonly predictedGain: number | undefined;
  /** How many times faster it was than the same tokens in single steps would have been. undefined without times. */
  readonly measuredGain: number | undefined;
}

/** Adds up the runs of a request. */
export class SpeculationRecord {
  /** Runs by how many tokens were drafted for them. */
  readonly #runsByLength = new Map<number, number>();
  #drafted = 0;
  #tested = 0;
  #accepted = 0;
  #appended = 0;
  /** Milliseconds of the runs whose times are known; `single` is what their tokens would have taken one by one. */
  readonly #ms = { drafting: 0, target: 0, plain: 0, single: 0 };

  add({ numDrafted, numAccepted, numAppended, times }: SpeculativeRun): void {
    this.#runsByLength.set(numDrafted, (this.#runsByLength.get(numDrafted) ?? 0) + 1);
    this.#drafted += numDrafted;
    this.#tested += numTested(numDrafted, numAccepted);
    this.#accepted += numAccepted;
    this.#appended += numAppended;
    if (times === undefined) return;
    this.#ms.drafting += times.drafting;
    this.#ms.target += times.target;
    this.#ms.plain += times.plain;
    this.#ms.single += numAppended * times.plain;
  }

  report(): SpeculationReport {
    const targetRuns = [...this.#runsByLength.values()].reduce((sum, runs) => sum + runs, 0);
    const { drafting, target, plain, single } = this.#ms;
    return {
      targetRuns,
      draftedTokens: this.#drafted,
      acceptedTokens: this.#accepted,
      acceptanceRate: ratio(this.#accepted, this.#tested),
      tokensPerRun: ratio(this.#appended, targetRuns),
      predictedGain: plain === 0 ? undefined : ratio(this.#expectedTokens(), targetRuns * (1 + drafting / plain)),
      measuredGain: ratio(single, drafting + target),
    };
  }

  /** Tokens that all runs together would give on average at the measured acceptance rate. */
  #expectedTokens(): number {
    const rate = ratio(this.#accepted, this.#tested) ?? 0;
    let sum = 0;
    for (const [length, runs] of this.#runsByLength) sum += runs * expectedTokens(rate, length);
    return sum;
  }
}

function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
