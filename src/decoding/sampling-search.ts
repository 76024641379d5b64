import type { GenerationOptions } from '../config/generation-options.ts';
import { checkLogits } from '../sampling/check-logits.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { LogProbs } from '../sampling/log-probs.ts';
import { chooseToken } from '../sampling/sampler.ts';
import type { Detokenizer } from '../tokenizers/detokenizer.ts';
import { type GeneratedToken, GenerationOutput, type GenerationResult } from './generation-output.ts';
import type { Continuation, Hypothesis, SearchStrategy } from './search-strategy.ts';
import type { FinishReason, LengthLimits } from './stopping.ts';
import { TokenSequence } from './token-sequence.ts';

/** What the searches are made from. */
export interface SearchInput {
  readonly options: GenerationOptions;
  readonly limits: LengthLimits;
  /** Tokens of the prompt, for the report. */
  readonly promptTokens: number;
  readonly seed: number;
  /** The processors of one sequence, whose draws are keyed by `seed`. */
  readonly chainFor: (seed: number) => ProcessorChain;
  /** Turns the tokens of one sequence into text; without it all text is empty. */
  readonly detokenizerFor: () => Pick<Detokenizer, 'push' | 'flush'> | undefined;
  /** Hears of each token when it is chosen. */
  readonly onToken?: ((token: GeneratedToken) => void) | undefined;
}

/**
 * Draws one sequence, or several at once that share the prompt; at temperature 0 greedy decoding. Sample `i` of seed `s` is
 * what seed `s + i` draws alone. With `bestOf`, more are drawn than are returned: those whose tokens are the likeliest on
 * average.
 */
export class SamplingSearch implements SearchStrategy {
  readonly maxHypotheses: number;
  readonly needsHidden = false;
  readonly #input: SearchInput;
  readonly #samples: readonly Sample[];
  /** Those of the hypotheses that are alive. */
  #alive: readonly Sample[] = [];
  #hasStarted = false;

  constructor(input: SearchInput) {
    const { numReturnSequences, bestOf } = input.options;
    this.maxHypotheses = bestOf ?? numReturnSequences;
    this.#input = input;
    this.#samples = Array.from({ length: this.maxHypotheses }, (_, index) => new Sample(input, index));
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    if (!this.#hasStarted) return this.#continue(this.#samples, this.#samples.map(() => hypotheses[0]!), () => 0);
    return this.#continue(this.#alive, hypotheses, (i) => i);
  }

  finish(reason: 'time'): boolean {
    // Text that is held back comes out with a token, so the samples end with their next one.
    for (const sample of this.#samples) sample.endWith(reason);
    return !this.#hasStarted;
  }

  results(): readonly GenerationResult[] {
    const { bestOf, numReturnSequences } = this.#input.options;
    if (bestOf === undefined) return this.#samples.map((sample) => sample.result());
    const ranked = [...this.#samples].sort((a, b) => b.meanLogProb - a.meanLogProb);
    return ranked.slice(0, numReturnSequences).map((sample) => sample.result());
  }

  #continue(
    samples: readonly Sample[],
    hypotheses: readonly Hypothesis[],
    parentOf: (i: number) => number,
  ): readonly Continuation[] {
    const sharesRows = !this.#hasStarted && samples.length > 1;
    this.#hasStarted = true;
    const steps = samples.map((sample, i) => {
      const hypothesis = hypotheses[i]!;
      // A chain changes its row; samples that begin from one row need a copy each.
      const own = sharesRows ? { ...hypothesis, rows: hypothesis.rows.map((row) => row.slice()) } : hypothesis;
      return { sample, parent: parentOf(i), tokenIds: sample.advance(own) };
    });
    const alive = steps.filter(({ sample }) => !sample.isFinished);
    this.#alive = alive.map(({ sample }) => sample);
    return alive.map(({ parent, tokenIds }) => ({ parent, tokenIds }));
  }
}

/** One sequence that is drawn. */
class Sample {
  readonly #input: SearchInput;
  readonly #index: number;
  readonly #seed: number;
  readonly #chain: ProcessorChain;
  readonly #output: GenerationOutput;
  #numTokens = 0;
  #logProb = 0;
  #endsWith: FinishReason | undefined;

  constructor(input: SearchInput, index: number) {
    this.#input = input;
    this.#index = index;
    this.#seed = input.seed + index;
    this.#chain = input.chainFor(this.#seed);
    this.#output = new GenerationOutput({
      options: input.options,
      limits: input.limits,
      detokenizer: input.detokenizerFor(),
      index,
    });
  }

  get isFinished(): boolean {
    return this.#output.finishReason !== undefined;
  }

  /** Mean log probability of its tokens, if it was asked to keep count. */
  get meanLogProb(): number {
    return this.#logProb / this.#numTokens;
  }

  endWith(reason: FinishReason): void {
    this.#endsWith = reason;
  }

  /** The next token; where a draft agrees with what is chosen, several. */
  advance({ sequence, rows, draft }: Hypothesis): readonly number[] {
    const view = draft === undefined ? sequence : new TokenSequence(sequence.promptIds, sequence.generatedIds);
    const chosen: number[] = [];
    for (const [i, row] of rows.entries()) {
      const tokenId = this.#choose(row, view);
      chosen.push(tokenId);
      if (this.isFinished || draft?.tokenIds[i] !== tokenId) break;
      (view as TokenSequence).append([tokenId]);
    }
    return chosen;
  }

  result(): GenerationResult {
    if (!this.isFinished) this.#output.end(this.#endsWith ?? 'length');
    return this.#output.result({ promptTokens: this.#input.promptTokens, seed: this.#seed });
  }

  #choose(row: Float32Array, view: Hypothesis['sequence']): number {
    const { options, onToken } = this.#input;
    checkLogits(row, view.position);
    const isRanked = options.bestOf !== undefined;
    const logProbs = options.logProbs === undefined && !isRanked ? undefined : new LogProbs(row);
    const tokenId = chooseToken(row, view, {
      chain: this.#chain,
      temperature: options.temperature,
      seed: this.#seed,
    });
    this.#numTokens += 1;
    if (isRanked) this.#logProb += logProbs!.of(tokenId);
    onToken?.(this.#output.add(tokenId, options.logProbs === undefined ? undefined : logProbs, this.#endsWith));
    return tokenId;
  }
}
