/** The hidden states of a text, to which those of candidates are compared. */
export class ContextStates {
  /** Of length 1 each (numTokens, C), with room for more. */
  #directions = new Float32Array(0);
  #width = 0;
  #numTokens = 0;

  /** Appends the states (numTokens, C) of further tokens. */
  append(states: Float32Array, numTokens: number): void {
    this.#width = states.length / numTokens;
    const start = this.#numTokens * this.#width;
    this.#reserve(start + states.length);
    for (let token = 0; token < numTokens; token++) {
      const state = states.subarray(token * this.#width, (token + 1) * this.#width);
      this.#directions.set(directionOf(state), start + token * this.#width);
    }
    this.#numTokens += numTokens;
  }

  /** The highest cosine of the angles between a state (C) and those of the text; 0 for a state of zeros. */
  maxCosine(state: Float32Array): number {
    const direction = directionOf(state);
    const directions = this.#directions;
    const width = this.#width;
    let highest = Number.NEGATIVE_INFINITY;
    for (let token = 0; token < this.#numTokens; token++) {
      const start = token * width;
      let cosine = 0;
      for (let i = 0; i < width; i++) cosine += directions[start + i]! * direction[i]!;
      if (cosine > highest) highest = cosine;
    }
    return highest;
  }

  #reserve(length: number): void {
    if (length <= this.#directions.length) return;
    const larger = new Float32Array(Math.max(length, 2 * this.#directions.length));
    larger.set(this.#directions);
    this.#directions = larger;
  }
}

function directionOf(state: Float32Array): Float32Array {
  let sum = 0;
  for (const value of state) sum += value * value;
  return sum === 0 ? state : state.map((value) => value / Math.sqrt(sum));
}
