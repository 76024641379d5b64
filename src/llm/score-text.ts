import { type ScoreDocumentsInput, scoreDocuments } from '../decoding/score-documents.ts';

/** A token of a scored text. */
export interface ScoredToken {
  readonly id: number;
  readonly text: string;
  /** Natural log probability given the tokens before it; the first token has none. */
  readonly logProb: number | undefined;
}

/** How likely a text is. */
export interface TextScore {
  readonly tokens: readonly ScoredToken[];
  /** Sum over all tokens but the first: the log of the sequence's probability. */
  readonly logProb: number;
  /** exp(−logProb / (n − 1)) of n tokens. */
  readonly perplexity: number;
}

/** How `score` reads a text. */
export interface ScoreOptions {
  /** Tokens between the beginnings of two windows over a text longer than the context; half the context unless given. */
  readonly stride?: number | undefined;
  /** The name of an adapter that was loaded with the model; without one, the model by itself. */
  readonly adapter?: string | undefined;
  /** Hears now and then how many tokens have been scored. */
  readonly onProgress?: ((numTokens: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `scoreText` gives. */
export interface TokenScores {
  /** As long as the text; the first token has none. */
  readonly tokenLogProbs: readonly (number | undefined)[];
  readonly logProb: number;
  readonly perplexity: number;
}

/** Scores a text of token ids, which calls `onProgress` with how many are done. Throws as `scoreDocuments`. */
export async function scoreText(
  ids: readonly number[],
  input: Omit<ScoreDocumentsInput, 'documents' | 'withLogits'>,
  onProgress?: (numTokens: number) => void,
): Promise<TokenScores> {
  const tokenLogProbs: (number | undefined)[] = [undefined];
  for await (const { logProbs } of scoreDocuments({ ...input, documents: [{ tokenIds: ids }] })) {
    for (const logProb of logProbs) tokenLogProbs.push(logProb);
    onProgress?.(tokenLogProbs.length - 1);
  }
  const logProb = tokenLogProbs.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  return { tokenLogProbs, logProb, perplexity: Math.exp(-logProb / (ids.length - 1)) };
}
