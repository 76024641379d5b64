import type { GenerationOptions } from '../config/generation-options.ts';
import type { LogProbs, TokenLogProb } from '../sampling/log-probs.ts';
import type { Detokenizer } from '../tokenizers/detokenizer.ts';
import { StopStringFilter } from './stop-string-filter.ts';
import type { FinishReason, LengthLimits } from './stopping.ts';

/** One generated token. */
export interface GeneratedToken {
  /** Which of the sequences that are generated at once; 0 where there is one. */
  readonly index: number;
  readonly tokenId: number;
  /** Text that has become final: never a part of a character, nor of a stop string. It may be empty. */
  readonly text: string;
  /** Natural log probability under the raw model distribution, where options ask for it. */
  readonly logProb?: number;
  /** The likeliest tokens, likeliest first, under the raw model distribution. */
  readonly topLogProbs?: readonly TokenLogProb[];
}

/** A finished sequence. */
export interface GenerationResult {
  /** Every generated token, a stop token included. */
  readonly tokenIds: readonly number[];
  /** The texts of all tokens together; it ends before a stop string, and a stop token adds nothing. */
  readonly text: string;
  readonly finishReason: FinishReason;
  /** The prompt as the model read it, with the tokens that belong around a text; and all of `tokenIds`. */
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
  /** The same seed, prompt and options give the same tokens. */
  readonly seed: number;
  /** Of each token, where options ask for it. */
  readonly logProbs?: readonly ChosenLogProb[];
  /**
   * Of beam search: log probability of all tokens, as the processors left it, divided by their number to the power of
   * `lengthPenalty`; Hugging Face's `sequences_scores`.
   */
  readonly score?: number;
}

/** A chosen token and the likeliest tokens in its place. */
export interface ChosenLogProb extends TokenLogProb {
  readonly topLogProbs: readonly TokenLogProb[];
}

/** Turns the chosen tokens of one sequence into text and decides when it is finished. */
export class GenerationOutput {
  readonly #index: number;
  readonly #options: Pick<GenerationOptions, 'stopStrings' | 'stopTokenIds' | 'logProbs'>;
  readonly #limits: LengthLimits;
  readonly #detokenizer: Pick<Detokenizer, 'push' | 'flush'> | undefined;
  readonly #stopStrings: StopStringFilter;
  readonly #tokenIds: number[] = [];
  readonly #logProbs: ChosenLogProb[] = [];
  #text = '';
  #finishReason: FinishReason | undefined;

  constructor(from: {
    readonly options: Pick<GenerationOptions, 'stopStrings' | 'stopTokenIds' | 'logProbs'>;
    readonly limits: LengthLimits;
    readonly detokenizer: Pick<Detokenizer, 'push' | 'flush'> | undefined;
    readonly index?: number | undefined;
  }) {
    if (from.options.stopStrings.length > 0 && from.detokenizer === undefined) {
      throw new TypeError('Cannot generate: there are stop strings, but no detokenizer to make text with');
    }
    this.#index = from.index ?? 0;
    this.#options = from.options;
    this.#limits = from.limits;
    this.#detokenizer = from.detokenizer;
    this.#stopStrings = new StopStringFilter(from.options.stopStrings);
  }

  /** undefined while the sequence goes on. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  /**
   * Takes the next token; `logProbs` are those of the row it was chosen from, if they are asked for. With `endsWith` it is
   * the last one.
   */
  add(tokenId: number, logProbs: Pick<LogProbs, 'of' | 'top'> | undefined, endsWith?: FinishReason): GeneratedToken {
    this.#tokenIds.push(tokenId);
    const text = this.#textOf(tokenId, endsWith);
    this.#text += text;
    const index = this.#index;
    if (logProbs === undefined) return { index, tokenId, text };
    const logProb = logProbs.of(tokenId);
    const topLogProbs = logProbs.top(this.#options.logProbs ?? 0);
    this.#logProbs.push({ tokenId, logProb, topLogProbs });
    return { index, tokenId, text, logProb, topLogProbs };
  }

  /** Ends a sequence that got no further. */
  end(reason: FinishReason): void {
    this.#finishReason ??= reason;
  }

  /** The finished sequence. */
  result(of: { readonly promptTokens: number; readonly seed: number }): GenerationResult {
    if (this.#finishReason === undefined) throw new Error('Cannot give the result: the sequence is not finished');
    return {
      tokenIds: this.#tokenIds,
      text: this.#text,
      finishReason: this.#finishReason,
      usage: { promptTokens: of.promptTokens, completionTokens: this.#tokenIds.length },
      seed: of.seed,
      ...(this.#options.logProbs === undefined ? {} : { logProbs: this.#logProbs }),
    };
  }

  /** The text that this token makes final; sets the finish reason. */
  #textOf(tokenId: number, endsWith: FinishReason | undefined): string {
    const isStopToken = this.#options.stopTokenIds.includes(tokenId);
    let text = isStopToken ? '' : this.#beforeStopString(this.#detokenizer?.push(tokenId) ?? '');
    const isFull = this.#tokenIds.length >= this.#limits.max;
    if (isStopToken || isFull || this.#stopStrings.isStopped || endsWith !== undefined) {
      text += this.#beforeStopString(this.#detokenizer?.flush() ?? '') + this.#stopStrings.flush();
      const isStopped = isStopToken || this.#stopStrings.isStopped;
      this.#finishReason = isStopped ? 'stop' : isFull ? 'length' : endsWith;
    }
    return text;
  }

  /** Stop strings count only in text of tokens from the last one of the minimum on. */
  #beforeStopString(text: string): string {
    return this.#tokenIds.length < this.#limits.min ? text : this.#stopStrings.push(text);
  }
}
