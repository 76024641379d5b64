import type { CacheDType } from '../backend/dtype.ts';
import { type DocumentToScore, type ScoredRun, scoreDocuments } from '../decoding/score-documents.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import type { Adapter } from '../nn/adapter.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { compareLogits } from './compare-logits.ts';

/** How well a model predicts some documents. */
export interface Evaluation {
  readonly numDocuments: number;
  /** Tokens that were predicted. */
  readonly numTokens: number;
  /** Of the text that they stand for; 0 without a tokenizer. */
  readonly numBytes: number;
  /** Mean of −ln P(token), in nats. */
  readonly loss: number;
  /** e^loss. */
  readonly perplexity: number;
  readonly bitsPerToken: number;
  /** null where the tokens stand for no text. */
  readonly bitsPerByte: number | null;
  /** null unless the model was evaluated against another. */
  readonly comparison: Comparison | null;
}

/** How far a model is from the one that it was evaluated against, over the predicted tokens. */
export interface Comparison {
  /** Of the other model. */
  readonly loss: number;
  /** Of the other model. */
  readonly perplexity: number;
  /** Mean of KL(other ‖ model) = Σ P · (ln P − ln Q) over the vocabulary, in nats. */
  readonly klDivergence: number;
  /** The largest of them. */
  readonly maxKlDivergence: number;
  /** The share of tokens where both models find the same token likeliest. */
  readonly topAgreement: number;
}

/** How `LLM.evaluate` reads documents. */
export interface EvaluateOptions<Model> {
  /** Tokens between the beginnings of two windows over a document longer than the context; half the context unless given. */
  readonly stride?: number | undefined;
  /** The name of an adapter that was loaded with the model, and with the one it is compared to. */
  readonly adapter?: string | undefined;
  /** A model of the same vocabulary to compare with, such as the same one before it was quantised. */
  readonly against?: Model | undefined;
  /** Hears now and then how many tokens have been predicted, of how many. */
  readonly onProgress?: ((numTokens: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ModelToEvaluate {
  readonly model: CausalLM;
  readonly cacheDType: CacheDType;
  readonly adapter: Adapter | undefined;
}

interface Input {
  readonly documents: readonly DocumentToScore[];
  readonly contextLength: number;
  readonly stride: number | undefined;
  readonly tokenizer: Tokenizer | undefined;
  readonly onProgress: ((numTokens: number, total: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Evaluates a model on documents, each by itself, and compares it with another. Throws a `RangeError` where nothing is to be
 * predicted, and as `scoreDocuments`.
 */
export async function evaluateDocuments(
  model: ModelToEvaluate,
  against: ModelToEvaluate | undefined,
  input: Input,
): Promise<Evaluation> {
  const documents = input.documents.filter(({ tokenIds, numGiven = 1 }) => tokenIds.length > numGiven);
  const total = documents.reduce((sum, { tokenIds, numGiven = 1 }) => sum + tokenIds.length - numGiven, 0);
  if (total === 0) throw new RangeError('Cannot evaluate: there is no token to predict');
  const common = { ...input, documents, withLogits: against !== undefined };
  const others = against && scoreDocuments({ ...common, ...against });
  const sums = new Sums(model.model.config.vocabSize);
  try {
    for await (const run of scoreDocuments({ ...common, ...model })) {
      // Which tokens make a run does not depend on the model.
      const other = others && ((await others.next()).value as ScoredRun);
      sums.add(run, other);
      input.onProgress?.(sums.numTokens, total);
    }
  } finally {
    await others?.return();
  }
  const numBytes = documents.reduce((sum, document) => sum + bytesOf(document, input.tokenizer), 0);
  return sums.evaluation(documents.length, numBytes);
}

/** What is known of several sets of documents, as one set. */
export function sumOfEvaluations(evaluations: readonly Evaluation[]): Evaluation {
  const sum = (value: (one: Evaluation) => number) => evaluations.reduce((all, one) => all + value(one), 0);
  const comparisons = evaluations.flatMap(({ comparison, numTokens }) =>
    comparison ? [{ ...comparison, numTokens }] : [],
  );
  const compared = (value: (one: Comparison) => number) =>
    comparisons.reduce((all, one) => all + one.numTokens * value(one), 0);
  return evaluationOf({
    numDocuments: sum(({ numDocuments }) => numDocuments),
    numTokens: sum(({ numTokens }) => numTokens),
    numBytes: sum(({ numBytes }) => numBytes),
    logProb: -sum(({ loss, numTokens }) => loss * numTokens),
    other:
      comparisons.length === 0
        ? undefined
        : {
            logProb: -compared(({ loss }) => loss),
            klDivergence: compared(({ klDivergence }) => klDivergence),
            maxKlDivergence: Math.max(...comparisons.map(({ maxKlDivergence }) => maxKlDivergence)),
            numTopSame: compared(({ topAgreement }) => topAgreement),
          },
  });
}

/** Sums over the predicted tokens. */
class Sums {
  readonly #vocabSize: number;
  readonly #other = { logProb: 0, klDivergence: 0, maxKlDivergence: 0, numTopSame: 0 };
  #isCompared = false;
  #logProb = 0;
  numTokens = 0;

  constructor(vocabSize: number) {
    this.#vocabSize = vocabSize;
  }

  add(run: ScoredRun, other: ScoredRun | undefined): void {
    this.numTokens += run.logProbs.length;
    for (const logProb of run.logProbs) this.#logProb += logProb;
    if (other === undefined) return;
    this.#isCompared = true;
    for (const logProb of other.logProbs) this.#other.logProb += logProb;
    for (let row = 0; row < run.logProbs.length; row++) this.#compare(this.#row(other, row), this.#row(run, row));
  }

  evaluation(numDocuments: number, numBytes: number): Evaluation {
    const other = this.#isCompared ? this.#other : undefined;
    return evaluationOf({ numDocuments, numTokens: this.numTokens, numBytes, logProb: this.#logProb, other });
  }

  #compare(p: Float32Array, q: Float32Array): void {
    const { klDivergence, isTopSame } = compareLogits(p, q);
    this.#other.klDivergence += klDivergence;
    this.#other.maxKlDivergence = Math.max(this.#other.maxKlDivergence, klDivergence);
    if (isTopSame) this.#other.numTopSame++;
  }

  #row({ logits }: ScoredRun, row: number): Float32Array {
    return logits!.subarray(row * this.#vocabSize, (row + 1) * this.#vocabSize);
  }
}

/** What sums over all predicted tokens come to. */
export function evaluationOf(sums: {
  readonly numDocuments: number;
  readonly numTokens: number;
  readonly numBytes: number;
  readonly logProb: number;
  readonly other?: { logProb: number; klDivergence: number; maxKlDivergence: number; numTopSame: number } | undefined;
}): Evaluation {
  const { numDocuments, numTokens, numBytes, logProb, other } = sums;
  const loss = -logProb / numTokens;
  const bits = -logProb / Math.LN2;
  return {
    ...{ numDocuments, numTokens, numBytes, loss },
    perplexity: Math.exp(loss),
    bitsPerToken: bits / numTokens,
    bitsPerByte: numBytes === 0 ? null : bits / numBytes,
    comparison:
      other === undefined
        ? null
        : {
            loss: -other.logProb / numTokens,
            perplexity: Math.exp(-other.logProb / numTokens),
            klDivergence: other.klDivergence / numTokens,
            maxKlDivergence: other.maxKlDivergence,
            topAgreement: other.numTopSame / numTokens,
          },
  };
}

/** Bytes of the text that the predicted tokens stand for. */
function bytesOf({ tokenIds, numGiven = 1 }: DocumentToScore, tokenizer: Tokenizer | undefined): number {
  if (tokenizer === undefined) return 0;
  const detokenizer = new Detokenizer(tokenizer, { after: tokenIds.slice(0, numGiven) });
  const texts = tokenIds.slice(numGiven).map((id) => detokenizer.push(id));
  return new TextEncoder().encode(`${texts.join('')}${detokenizer.flush()}`).length;
}
