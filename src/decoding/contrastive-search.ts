import { checkLogits } from '../sampling/check-logits.ts';
import type { ProcessorChain } from '../sampling/compose-processors.ts';
import { LogProbs } from '../sampling/log-probs.ts';
import { applyChain } from '../sampling/sampler.ts';
import { ContextStates } from './context-states.ts';
import { GenerationOutput, type GenerationResult } from './generation-output.ts';
import type { SearchInput } from './sampling-search.ts';
import type { Continuation, Hypothesis, SearchStrategy } from './search-strategy.ts';
import type { FinishReason } from './stopping.ts';

/** A token that may be the next. */
interface Candidate {
  readonly tokenId: number;
  readonly probability: number;
}

/**
 * Contrastive search (Su et al. 2022, equation 5): of the `topK` likeliest tokens, the one with the highest
 * (1 − α) · p − α · s, where p is its probability after the processors, s the highest cosine between its hidden state and
 * those of all tokens before it, and α is `penaltyAlpha`.
 *
 * The hidden state of a candidate is known when the model has read it. So each step hands out all candidates as
 * continuations; the next one keeps the best, whose logits are there already, and hands out the candidates after it.
 */
export class ContrastiveSearch implements SearchStrategy {
  readonly maxHypotheses: number;
  readonly needsHidden = true;
  readonly #input: SearchInput;
  readonly #chain: ProcessorChain;
  readonly #output: GenerationOutput;
  readonly #context = new ContextStates();
  /** What the hypotheses of the next call end with; undefined before the first. */
  #candidates: readonly Candidate[] | undefined;
  /** Of the row that the candidates come from, where options ask for them. */
  #logProbs: LogProbs | undefined;
  #endsWith: FinishReason | undefined;

  /** Throws a `TypeError` for stop strings without a detokenizer. */
  constructor(input: SearchInput) {
    const { options, limits, seed, chainFor, detokenizerFor } = input;
    this.maxHypotheses = options.topK;
    this.#input = input;
    this.#chain = chainFor(seed);
    this.#output = new GenerationOutput({ options, limits, detokenizer: detokenizerFor() });
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    const parent = this.#candidates === undefined ? 0 : this.#keepBest(hypotheses, this.#candidates);
    if (this.#output.finishReason !== undefined) return [];
    const { sequence, rows, hidden } = hypotheses[parent]!;
    const isPrompt = this.#candidates === undefined;
    this.#context.append(hidden!, isPrompt ? sequence.position : 1);
    this.#candidates = this.#recall(rows[0]!, sequence);
    return this.#candidates.map(({ tokenId }) => ({ parent, tokenIds: [tokenId] }));
  }

  finish(reason: 'time'): boolean {
    // Text that is held back comes out with a token, so it ends with the next one.
    this.#endsWith = reason;
    return this.#candidates === undefined;
  }

  results(): readonly GenerationResult[] {
    const { promptTokens, seed } = this.#input;
    this.#output.end(this.#endsWith ?? 'length');
    return [this.#output.result({ promptTokens, seed })];
  }

  /** Gives the index of the best candidate, the first of equals, which becomes the next token. */
  #keepBest(hypotheses: readonly Hypothesis[], candidates: readonly Candidate[]): number {
    const { penaltyAlpha } = this.#input.options;
    const scores = candidates.map(
      ({ probability }, i) =>
        (1 - penaltyAlpha) * probability - penaltyAlpha * this.#context.maxCosine(hypotheses[i]!.hidden!),
    );
    const best = scores.indexOf(Math.max(...scores));
    const token = this.#output.add(candidates[best]!.tokenId, this.#logProbs, this.#endsWith);
    this.#input.onToken?.(token);
    return best;
  }

  /** The likeliest tokens after a sequence. */
  #recall(row: Float32Array, sequence: Hypothesis['sequence']): readonly Candidate[] {
    const { topK, logProbs } = this.#input.options;
    checkLogits(row, sequence.position, this.#chain);
    this.#logProbs = logProbs === undefined ? undefined : new LogProbs(row);
    applyChain(this.#chain, row, sequence);
    const likeliest = new LogProbs(row).top(topK).filter(({ logProb }) => logProb > Number.NEGATIVE_INFINITY);
    if (likeliest.length === 0) {
      throw new RangeError(
        `Cannot choose the token at position ${sequence.position}: all ${row.length} tokens are removed, but one must be left`,
      );
    }
    return likeliest.map(({ tokenId, logProb }) => ({ tokenId, probability: Math.exp(logProb) }));
  }
}
