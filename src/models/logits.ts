/** The raw scores of a forward pass: one row of V numbers for each new token of each sequence. */
export class Logits {
  /** Row-major (tokens of all sequences, V). */
  readonly data: Float32Array;
  readonly vocabSize: number;
  readonly #starts: readonly number[];

  constructor(data: Float32Array, lengths: readonly number[], vocabSize: number) {
    this.data = data;
    this.vocabSize = vocabSize;
    const starts = [0];
    for (const length of lengths) starts.push(starts.at(-1)! + length);
    this.#starts = starts;
  }

  get numSequences(): number {
    return this.#starts.length - 1;
  }

  /** New tokens of a sequence. Throws a `RangeError` if the batch has no such sequence. */
  length(sequence = 0): number {
    this.#expectSequence(sequence);
    return this.#starts[sequence + 1]! - this.#starts[sequence]!;
  }

  /** The row (V) of new token `token` of a sequence, a view of `data`. Throws a `RangeError` if it is not there. */
  row(token: number, sequence = 0): Float32Array {
    const length = this.length(sequence);
    if (!(Number.isInteger(token) && token >= 0 && token < length))
      throw new RangeError(`Cannot read the logits of token ${token}: the sequence has ${length} new tokens`);
    const start = (this.#starts[sequence]! + token) * this.vocabSize;
    return this.data.subarray(start, start + this.vocabSize);
  }

  /** The row (V) of the last token: the scores of the next one. */
  last(sequence = 0): Float32Array {
    return this.row(this.length(sequence) - 1, sequence);
  }

  #expectSequence(sequence: number): void {
    if (!(Number.isInteger(sequence) && sequence >= 0 && sequence < this.numSequences))
      throw new RangeError(`Cannot read the logits of sequence ${sequence}: the batch has ${this.numSequences}`);
  }
}
