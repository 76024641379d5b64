/** What is left of a measurement's weight when another one comes. */
const DECAY = 0.97;
/** Measurements lighter than this are forgotten: some 200 others came after them. */
const LEAST_WEIGHT = 2e-3;
/** What the line through all measurements weighs beside those of one number of rows. */
const LINE_WEIGHT = 1;

/**
 * How long a model's step takes by how many rows (tokens) it computes, learnt from measurements, of which later ones count
 * more. A number of rows that was measured often is its own mean; any other lies on the line through all of them.
 */
export class StepCosts {
  readonly #means = new Map<number, Mean>();

  /** The numbers of rows with measurements that still count. */
  get measured(): Iterable<number> {
    return this.#means.keys();
  }

  /** How many these are. */
  get numMeasured(): number {
    return this.#means.size;
  }

  isMeasured(numRows: number): boolean {
    return this.#means.has(numRows);
  }

  /** Takes the milliseconds of one step. */
  record(numRows: number, ms: number): void {
    for (const [rows, mean] of this.#means) {
      mean.weight *= DECAY;
      if (mean.weight < LEAST_WEIGHT) this.#means.delete(rows);
    }
    const mean = this.#means.get(numRows);
    if (mean === undefined) {
      this.#means.set(numRows, { weight: 1, ms });
    } else {
      mean.weight += 1;
      mean.ms += (ms - mean.ms) / mean.weight;
    }
  }

  /** Milliseconds that a step takes; undefined before the first measurement. With one number of rows, all cost the same. */
  estimate(numRows: number): number | undefined {
    if (this.#means.size === 0) return undefined;
    const own = this.#means.get(numRows);
    const onLine = Math.max(this.#onLine(numRows), this.#leastPossible(numRows));
    if (own === undefined) return onLine;
    return (own.weight * own.ms + LINE_WEIGHT * onLine) / (own.weight + LINE_WEIGHT);
  }

  /** Weighted least squares; a line that falls is noise, since more rows never take less. */
  #onLine(numRows: number): number {
    let weight = 0;
    let rowsMean = 0;
    let msMean = 0;
    let variance = 0;
    let covariance = 0;
    for (const [rows, mean] of this.#means) {
      weight += mean.weight;
      const share = mean.weight / weight;
      const [rowsAway, msAway] = [rows - rowsMean, mean.ms - msMean];
      rowsMean += share * rowsAway;
      msMean += share * msAway;
      variance += mean.weight * rowsAway * (rows - rowsMean);
      covariance += mean.weight * rowsAway * (mean.ms - msMean);
    }
    const slope = variance === 0 ? 0 : Math.max(0, covariance / variance);
    return msMean + slope * (numRows - rowsMean);
  }

  /** Fewer rows take at least their share of what more take; keeps the line from going below 0. */
  #leastPossible(numRows: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const [rows, { ms }] of this.#means) least = Math.min(least, ms * Math.min(1, numRows / rows));
    return least;
  }
}

interface Mean {
  weight: number;
  ms: number;
}
