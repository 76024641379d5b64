import type { CacheDType } from '../backend/dtype.ts';
import { scoreDocuments } from '../decoding/score-documents.ts';
import { scoreTarget, type TargetToScore } from '../decoding/score-target.ts';
import { expectCausal, expectEncoder, type LanguageModel } from '../models/language-model.ts';
import type { Adapter } from '../nn/adapter.ts';
import type { Prompt } from './generate-options.ts';

/** A token of a scored text. */
export interface ScoredToken {
  readonly id: number;
  readonly text: string;
  /** Natural log probability given the tokens before it; the first token of a text has none, that of a target has one. */
  readonly logProb: number | undefined;
}

/** How likely a text is. */
export interface TextScore {
  readonly tokens: readonly ScoredToken[];
  /** Sum over all tokens that have one: the log of the sequence's probability. */
  readonly logProb: number;
  /** exp(−logProb / n) of n tokens that have a log probability. */
  readonly perplexity: number;
}

/** How `score` reads a text. */
export interface ScoreOptions {
  /** What the text is the target of, in models with an encoder. */
  readonly source?: Prompt | undefined;
  /** Language of the source, as the model spells it; in models that translate between several. */
  readonly from?: string | undefined;
  /** Language of the text that is scored. */
  readonly to?: string | undefined;
  /** Tokens between the beginnings of two windows over a text longer than the context; half the context unless given. */
  readonly stride?: number | undefined;
  /** The name of an adapter that was loaded with the model; without one, the model by itself. */
  readonly adapter?: string | undefined;
  /** Hears now and then how many tokens have been scored. */
  readonly onProgress?: ((numTokens: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is to be scored, as the model reads it: a text, or a target and its source. */
export type ScoreInputs = { readonly textIds: readonly number[] } | TargetToScore;

/** What `scoreInputs` gives. */
export interface TokenScores {
  /** Of each token of a text or target; the first token of a text has none. */
  readonly tokenLogProbs: readonly (number | undefined)[];
  readonly logProb: number;
  readonly perplexity: number;
}

/** What scores, and how. */
export interface ScoringModel {
  readonly model: LanguageModel;
  readonly adapter: Adapter | undefined;
  /** Most tokens that a window over a text has. */
  readonly contextLength: number;
  readonly cacheDType: CacheDType;
  readonly stride: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Scores a text, or a target given its source, and calls `onProgress` with how many tokens are done. Throws as `scoreDocuments` and
 * `scoreTarget`.
 */
export async function scoreInputs(
  inputs: ScoreInputs,
  by: ScoringModel,
  onProgress?: (numTokens: number) => void,
): Promise<TokenScores> {
  const logProbs: number[] = [];
  for await (const run of 'textIds' in inputs ? scoresOfText(inputs.textIds, by) : scoresOfTarget(inputs, by)) {
    for (const logProb of run) logProbs.push(logProb);
    onProgress?.(logProbs.length);
  }
  const logProb = logProbs.reduce((sum, one) => sum + one, 0);
  const tokenLogProbs = 'textIds' in inputs ? [undefined, ...logProbs] : logProbs;
  return { tokenLogProbs, logProb, perplexity: Math.exp(-logProb / logProbs.length) };
}

async function* scoresOfText(
  tokenIds: readonly number[],
  { model, ...input }: ScoringModel,
): AsyncGenerator<Float32Array, void, void> {
  const causal = expectCausal(model, 'score a text');
  for await (const { logProbs } of scoreDocuments({ ...input, model: causal, documents: [{ tokenIds }] }))
    yield logProbs;
}

function scoresOfTarget(target: TargetToScore, { model, ...input }: ScoringModel): AsyncGenerator<Float32Array> {
  return scoreTarget(target, { ...input, model: expectEncoder(model, 'score a target') });
}
