import type { GenerationOptions } from '../config/generation-options.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { LogProbs } from '../sampling/log-probs.ts';
import { numLikeliestWanted, type SamplerOptions } from '../sampling/sampler.ts';
import type { Detokenizer } from '../tokenizers/detokenizer.ts';
import { type GeneratedToken, GenerationOutput, type GenerationResult } from './generation-output.ts';
import type { Continuation, Hypothesis, SearchStrategy } from './search-strategy.ts';
import type { FinishReason, LengthLimits } from './stopping.ts';
import { type DraftAcceptance, type VerifiedToken, verifyDraft } from './verify-draft.ts';
import { verifyLikeliest } from './verify-likeliest.ts';

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
  /** How drafted tokens are accepted; `exact` unless given. */
  readonly acceptance?: DraftAcceptance | undefined;
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
  /** Where it is asked for nothing but tokens, and these are chosen among few. */
  readonly numLikeliest: number | undefined;
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
    this.numLikeliest = input.options.guidanceScale === 1 ? this.#samples[0]!.numLikeliest : undefined;
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    if (!this.#hasStarted)
      return this.#continue(
        this.#samples,
        this.#samples.map(() => hypotheses[0]!),
        () => 0,
      );
    return this.#continue(this.#alive, hypotheses, (i) => i);
  }

  /** How the hypothesis of this index chooses its tokens, for a draft model. */
  draftChooser(hypothesis: number): SamplerOptions {
    return this.#alive[hypothesis]!.draftChooser();
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
    this.#alive = samples.filter((sample) => !sample.isFinished);
    return steps.map(({ sample, parent, tokenIds }) => ({ parent, tokenIds, isLast: sample.isFinished }));
  }
}

/** One sequence that is drawn. */
class Sample {
  readonly #input: SearchInput;
  readonly #seed: number;
  readonly #chooser: SamplerOptions;
  #draftChain: ProcessorChain | undefined;
  readonly #output: GenerationOutput;
  #numTokens = 0;
  #logProb = 0;
  #endsWith: FinishReason | undefined;

  constructor(input: SearchInput, index: number) {
    this.#input = input;
    this.#seed = input.seed + index;
    this.#chooser = {
      chain: input.chainFor(this.#seed),
      temperature: input.options.temperature,
      seed: this.#seed,
    };
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

  /** The same for each sample. */
  get numLikeliest(): number | undefined {
    const { options, acceptance } = this.#input;
    const wantsRows = options.logProbs !== undefined || options.bestOf !== undefined || acceptance === 'rejection';
    return wantsRows ? undefined : numLikeliestWanted(this.#chooser);
  }

  /** Mean log probability of its tokens, if it was asked to keep count. */
  get meanLogProb(): number {
    return this.#logProb / this.#numTokens;
  }

  endWith(reason: FinishReason): void {
    this.#endsWith = reason;
  }

  /** How the sample chooses, for others to guess by: with a chain of their own. */
  draftChooser(): SamplerOptions {
    this.#draftChain ??= this.#input.chainFor(this.#seed);
    return { ...this.#chooser, chain: this.#draftChain };
  }

  /** The next token; with a draft, those of it that are accepted and one more. */
  advance(hypothesis: Hypothesis): readonly number[] {
    const { options } = this.#input;
    const isRanked = options.bestOf !== undefined;
    let logProbs: LogProbs | undefined;
    const onRow = (row: Float32Array) => {
      if (options.logProbs !== undefined || isRanked) logProbs = new LogProbs(row);
    };
    const chosen: number[] = [];
    for (const { tokenId } of this.#verify(hypothesis, onRow)) {
      chosen.push(tokenId);
      if (isRanked) this.#logProb += logProbs!.of(tokenId);
      const shown = options.logProbs === undefined ? undefined : logProbs;
      const token = this.#output.add(tokenId, shown, this.#endsWith);
      this.#numTokens += 1;
      this.#input.onToken?.(token);
      if (this.isFinished) break;
    }
    return chosen;
  }

  #verify(hypothesis: Hypothesis, onRow: (row: Float32Array) => void): Iterable<VerifiedToken> {
    const { sequence, rows, likeliest, draft } = hypothesis;
    if (likeliest !== undefined) return verifyLikeliest({ sequence, likeliest, draft, chooser: this.#chooser });
    const { acceptance = 'exact' } = this.#input;
    return verifyDraft({ sequence, rows, draft, chooser: this.#chooser, acceptance, onRow });
  }

  result(): GenerationResult {
    if (!this.isFinished) this.#output.end(this.#endsWith ?? 'length');
    return this.#output.result({ promptTokens: this.#input.promptTokens, seed: this.#seed });
  }
}
