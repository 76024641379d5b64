import { uniform } from '../../base/random.ts';
import type { Draft } from '../../decoding/draft.ts';
import { TokenSequence } from '../../decoding/token-sequence.ts';
import { checkLogits } from '../../sampling/check-logits.ts';
import { highestLogit } from '../../sampling/highest-logit.ts';
import { DRAFT_LANE, distributionOf } from '../../sampling/rejection-sampler.ts';
import { applyChain, chooseToken, drawToken, type SamplerOptions } from '../../sampling/sampler.ts';
import type { SequenceView } from '../../sampling/sequence-view.ts';
import type { DraftSequence } from './draft-sequence.ts';

/** What is wanted of a draft for one sequence. */
export interface DraftRequest {
  /** The same object for the same sequence, from draft to draft. */
  readonly key: object;
  /** The tokens so far, at least one. */
  readonly sequence: SequenceView;
  readonly maxTokens: number;
  /** The sequence's options and seed, with a chain of the draft's own: it sees other rows than the target's. */
  readonly chooser: SamplerOptions;
  /**
   * Whether each token is drawn for rejection sampling, from `DRAFT_LANE`, and its distribution kept. Without, it is chosen
   * as the target chooses, with the same random number, so that both choose the same wherever they agree well enough.
   */
  readonly withDistributions: boolean;
}

/** Temperature 0 for the likeliest token; otherwise what min-p leaves is drawn from. */
export interface PlainChoice {
  readonly temperature: number;
  readonly minP: number;
}

/** A draft in the making: token after token, each from the logits after the one before. */
export class DraftRun {
  readonly request: DraftRequest;
  /** What the draft model has in its cache of the sequence. */
  readonly memory: DraftSequence;
  readonly #tokens: TokenSequence;
  readonly #numWanted: number;
  readonly #tokenIds: number[] = [];
  readonly #distributions: Float32Array[] | undefined;
  #isFinished = false;

  constructor(request: DraftRequest, memory: DraftSequence, numWanted: number) {
    const { sequence, chooser, withDistributions } = request;
    this.request = request;
    this.memory = memory;
    this.#numWanted = numWanted;
    this.#tokens = TokenSequence.of(sequence);
    this.#distributions = withDistributions && chooser.temperature !== 0 ? [] : undefined;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get draft(): Draft {
    return { tokenIds: this.#tokenIds, distributions: this.#distributions };
  }

  /** Tokens that the model must compute before it can say the next one. */
  get numPending(): number {
    return this.#tokens.position - this.memory.numComputed;
  }

  pendingIds(count: number): readonly number[] {
    const start = this.memory.numComputed;
    return this.#tokens.tokenIds.slice(start, start + count);
  }

  /** Tokens that are still to be chosen. */
  get numLeft(): number {
    return this.#numWanted - this.#tokenIds.length;
  }

  /** What shapes the choice, if it is so little that the device can make it. */
  get plainChoice(): PlainChoice | undefined {
    const { chooser } = this.request;
    const { minPAlone: minP } = chooser.chain;
    if (minP === undefined || this.#distributions !== undefined) return undefined;
    return { temperature: chooser.temperature, minP };
  }

  /** Where the next `count` tokens are drawn. */
  uniforms(count: number): readonly number[] {
    const { seed } = this.request.chooser;
    return Array.from({ length: count }, (_, i) => uniform(seed, this.#tokens.position + i));
  }

  /** Ends the draft with what it has. */
  end(): void {
    this.#isFinished = true;
  }

  /** Takes the logits (V, changed) after the last token. Throws a `RangeError` if they are not finite. */
  next(row: Float32Array): void {
    expectFinite(row, this.#tokens.position, this.request.chooser);
    const tokenId = this.#distributions === undefined ? this.#choose(row) : this.#draw(row, this.#distributions);
    if (tokenId === undefined) {
      this.end();
      return;
    }
    this.take([tokenId]);
  }

  /** Takes the next tokens. */
  take(tokenIds: readonly number[]): void {
    this.#tokenIds.push(...tokenIds);
    this.#tokens.append(tokenIds);
    if (this.numLeft === 0) this.end();
  }

  #choose(row: Float32Array): number | undefined {
    try {
      return chooseToken(row, this.#tokens, this.request.chooser);
    } catch (error) {
      // Only the target may fail for want of tokens: a guess may have led to where there are none.
      if (highestLogit(row) === Number.NEGATIVE_INFINITY) return undefined;
      throw error;
    }
  }

  #draw(row: Float32Array, distributions: Float32Array[]): number | undefined {
    const { chain, seed } = this.request.chooser;
    applyChain(chain, row, this.#tokens);
    const tokenId = drawToken(row, uniform(seed, this.#tokens.position, DRAFT_LANE));
    if (tokenId !== undefined) distributions.push(distributionOf(row));
    return tokenId;
  }
}

function expectFinite(row: Float32Array, position: number, { chain }: SamplerOptions): void {
  try {
    checkLogits(row, position, chain);
  } catch (cause) {
    throw notFinite({ cause });
  }
}

/** The draft model computes no numbers. */
export function notFinite(options?: ErrorOptions): RangeError {
  return new RangeError('Cannot draft: the logits of the draft model are not finite', options);
}
