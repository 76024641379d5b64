/** Where the time of a generation went. Model steps only: choosing tokens and the caller's own work are not in it. */
export interface Timings {
  /** Milliseconds of the step that took the prompt. */
  readonly prefillMs: number;
  /** Milliseconds of all later steps. */
  readonly decodeMs: number;
  readonly promptTokensPerSecond: number;
  /** Tokens per second after the first; undefined if there was only one. */
  readonly tokensPerSecond: number | undefined;
}

/** Times the steps of one generation. */
export class Stopwatch {
  #prefillMs = 0;
  #decodeMs = 0;
  #promptTokens = 0;
  #decodeSteps = 0;

  async step<Result>(numTokens: number, run: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    const result = await run();
    const elapsed = performance.now() - start;
    if (this.#promptTokens === 0) {
      this.#promptTokens = numTokens;
      this.#prefillMs = elapsed;
    } else {
      this.#decodeSteps += 1;
      this.#decodeMs += elapsed;
    }
    return result;
  }

  timings(): Timings {
    return {
      prefillMs: this.#prefillMs,
      decodeMs: this.#decodeMs,
      promptTokensPerSecond: (1000 * this.#promptTokens) / this.#prefillMs,
      tokensPerSecond: this.#decodeSteps === 0 ? undefined : (1000 * this.#decodeSteps) / this.#decodeMs,
    };
  }
}
