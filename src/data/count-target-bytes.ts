import { EventBreaks } from '../base/event-breaks.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { TrainingBatch } from './training-batch.ts';

/** Batches in stored order, and how many of them. */
export interface CountedBatches {
  batch(n: number): Promise<TrainingBatch>;
  readonly numBatches: number;
}

/**
 * Bytes of UTF-8 text that the predicted tokens of some batches stand for, special tokens none: what bits per byte are
 * relative to. A character of several tokens counts with its last one. Throws the signal's reason.
 *
 * @example
 * const numBytes = await countTargetBytes({ batch: (n) => loader.batch(n), numBatches: loader.batchesPerEpoch! }, tokenizer);
 */
export async function countTargetBytes(
  { batch, numBatches }: CountedBatches,
  tokenizer: Tokenizer,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const counter = new TargetBytes(tokenizer);
  const breaks = new EventBreaks();
  for (let n = 0; n < numBatches; n++) {
    await breaks.take();
    options.signal?.throwIfAborted();
    counter.add(await batch(n));
  }
  return counter.numBytes;
}

class TargetBytes {
  readonly #detokenizer: Detokenizer;
  #last: number | undefined;
  numBytes = 0;

  constructor(tokenizer: Tokenizer) {
    this.#detokenizer = new Detokenizer(tokenizer);
  }

  add({ tokenIds, targetIds, lossWeights, spans }: TrainingBatch): void {
    for (const { start, length } of spans) {
      // A span that goes on where the last one ended begins with a token that was a target there.
      if (tokenIds[start] !== this.#last) this.#push(tokenIds[start]!, false);
      for (let t = start; t < start + length; t++) {
        const isTarget = lossWeights[t] !== 0;
        if (isTarget) this.#push(targetIds[t]!, true);
        else if (t + 1 < start + length) this.#push(tokenIds[t + 1]!, false);
      }
    }
  }

  #push(id: number, isTarget: boolean): void {
    const text = this.#detokenizer.push(id);
    if (isTarget) this.numBytes += utf8Length(text);
    this.#last = id;
  }
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
