import { EventBreaks } from '../base/event-breaks.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import type { ForwardBatch } from '../nn/forward-batch.ts';
import { wholeSequences } from '../nn/whole-sequences.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

/** Tokens that go through a block at once. */
const MAX_BATCH_TOKENS = 512;

/** Sequences that go through the model together, and what the last block that was run gave for them. */
interface Batch {
  readonly sequences: readonly (readonly number[])[];
  readonly numTokens: number;
  /** (T · C) */
  hidden: Float32Array;
}

/**
 * Texts on their way through a model, block by block: what each linear layer reads is summed up as its Hessian before the block's
 * weights change, and the block is run again afterwards, so that later blocks see what earlier ones have become. Hidden states
 * are kept on the host, T · C numbers.
 */
export class Calibration {
  readonly #model: CausalLM;
  readonly #batches: readonly Batch[];
  readonly #signal: AbortSignal | undefined;
  readonly #breaks = new EventBreaks();
  readonly numTokens: number;

  private constructor(model: CausalLM, batches: readonly Batch[], signal: AbortSignal | undefined) {
    this.#model = model;
    this.#batches = batches;
    this.#signal = signal;
    this.numTokens = batches.reduce((sum, { numTokens }) => sum + numTokens, 0);
  }

  /** Embeds the tokens. Throws a `RangeError` for texts without tokens, and tokens that the model does not have. */
  static async begin(
    model: CausalLM,
    sequences: readonly (readonly number[])[],
    signal?: AbortSignal,
  ): Promise<Calibration> {
    const { vocabSize, maxPositions } = model.config;
    for (const sequence of sequences) {
      const wrong = sequence.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
      if (wrong !== undefined)
        throw new RangeError(`Cannot calibrate: token id ${wrong}, wanted 0 to ${vocabSize - 1}`);
    }
    const cut = sequences.flatMap((sequence) => [...pieces(sequence, Math.min(maxPositions, MAX_BATCH_TOKENS))]);
    if (cut.length === 0) throw new RangeError('Cannot calibrate: the texts have no tokens');
    const calibration = new Calibration(model, batchesOf(cut), signal);
    await calibration.#run((batch) => model.transformer.embed(batch));
    return calibration;
  }

  /** Σ x · xᵀ / T (inputs × inputs) of what each of some linear layers reads in a block. */
  async hessians(layer: number, weights: readonly Weight[]): Promise<ReadonlyMap<Weight, Float64Array>> {
    return this.#observe(weights, (hidden, batch) => this.#block(layer, hidden, batch));
  }

  /** The same of what the output projection reads, after the last block. */
  async headHessian(weight: Weight): Promise<Float64Array> {
    const found = await this.#observe([weight], (hidden, batch) => this.#model.transformer.head(hidden, batch));
    return found.get(weight)!;
  }

  /** Runs a block, whose output is from now on what the next one reads. */
  async advance(layer: number): Promise<void> {
    await this.#run((batch, hidden) => this.#block(layer, hidden!, batch));
  }

  #block(layer: number, hidden: Tensor, batch: ForwardBatch): Tensor {
    const { layers, rotary } = this.#model.transformer.parts;
    return layers[layer]!.forward(hidden, batch, layer, rotary?.angles(this.#model.backend, batch.positions));
  }

  async #run(body: (batch: ForwardBatch, hidden: Tensor | undefined) => Tensor): Promise<void> {
    const { backend, config } = this.#model;
    for (const one of this.#batches) {
      await this.#step();
      one.hidden = await backend.scope(() => {
        const batch = wholeSequences(backend, one.sequences);
        const hidden =
          one.hidden.length === 0 ? undefined : Tensor.from(backend, one.hidden, [one.numTokens, config.hiddenSize]);
        return body(batch, hidden).read() as Promise<Float32Array>;
      });
    }
  }

  /** Sums up x · xᵀ on the device, once for the weights that read one tensor. */
  async #observe(
    weights: readonly Weight[],
    body: (hidden: Tensor, batch: ForwardBatch) => void,
  ): Promise<ReadonlyMap<Weight, Float64Array>> {
    const { backend, config } = this.#model;
    const sums = new Map(weights.map((weight) => [weight, Tensor.zeros(backend, [weight.columns, weight.columns])]));
    const sharers = new Map<Weight, Weight>();
    try {
      for (const { sequences, numTokens, hidden } of this.#batches) {
        await this.#step();
        const owners = new Map<Tensor, Weight>();
        const observeInput = (weight: Weight, input: Tensor) => {
          const sum = sums.get(weight);
          if (sum === undefined) return;
          const owner = owners.get(input);
          if (owner !== undefined) return void sharers.set(weight, owner);
          owners.set(input, weight);
          const { columns } = weight;
          backend.linearWeightGradient(sum.buffer, input.buffer, input.buffer, { rows: columns, columns });
        };
        backend.scope(() => {
          const batch = { ...wholeSequences(backend, sequences), observeInput };
          body(Tensor.from(backend, hidden, [numTokens, config.hiddenSize]), batch);
        });
        await backend.synchronize();
      }
      const found = new Map<Weight, Float64Array>();
      for (const weight of weights) {
        const owner = sharers.get(weight);
        const sum = owner === undefined ? ((await sums.get(weight)!.read()) as Float32Array) : undefined;
        found.set(weight, sum === undefined ? found.get(owner!)! : Float64Array.from(sum, (x) => x / this.numTokens));
      }
      return found;
    } finally {
      for (const sum of sums.values()) sum.release();
    }
  }

  async #step(): Promise<void> {
    await this.#breaks.take();
    this.#signal?.throwIfAborted();
  }
}

function* pieces(sequence: readonly number[], length: number): Generator<readonly number[]> {
  for (let start = 0; start < sequence.length; start += length) yield sequence.slice(start, start + length);
}

function batchesOf(sequences: readonly (readonly number[])[]): readonly Batch[] {
  const batches: { sequences: (readonly number[])[]; numTokens: number; hidden: Float32Array }[] = [];
  for (const sequence of sequences) {
    const last = batches.at(-1);
    if (last === undefined || last.numTokens + sequence.length > MAX_BATCH_TOKENS)
      batches.push({ sequences: [sequence], numTokens: sequence.length, hidden: new Float32Array(0) });
    else {
      last.sequences.push(sequence);
      last.numTokens += sequence.length;
    }
  }
  return batches;
}
