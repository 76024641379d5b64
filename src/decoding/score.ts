export interface ScoreInput {
  readonly ids: readonly number[];
  /** Most tokens that the model can hold. */
  readonly contextLength: number;
  /** Tokens between the beginnings of two windows, 1 to contextLength − 1; half the context unless given. */
  readonly stride?: number | undefined;
  /**
   * Log probabilities of the tokens from index `firstTarget` (at least 1) to the end of a window, each given the window's
   * tokens before it.
   */
  readonly logProbsOf: (window: readonly number[], firstTarget: number) => Promise<ArrayLike<number>>;
  /** Checked before each window; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface Score {
  /** Natural log probability of each token given those before it, as long as `ids`; the first token has none. */
  readonly tokenLogProbs: readonly (number | undefined)[];
  /** Their sum: the log of the product of the probabilities, the first token left out. */
  readonly logProb: number;
  /** exp(−logProb / (n − 1)) for n tokens. */
  readonly perplexity: number;
}

/**
 * Scores a text. One longer than the context is read in windows that begin at 0, stride, 2 · stride, …; each scores the
 * tokens that no window before it has scored, so that every token is scored once, and past the first window with at least
 * contextLength − stride tokens before it. This is Hugging Face's recipe for the perplexity of fixed-length models.
 *
 * Throws a `RangeError` for fewer than two tokens, an impossible stride, and log probabilities that are NaN; and the
 * signal's reason when it is aborted.
 */
export async function scoreTokens(input: ScoreInput): Promise<Score> {
  const { ids, contextLength, stride = Math.floor(contextLength / 2) } = input;
  if (ids.length < 2) throw new RangeError(`Cannot score a text: it has ${ids.length} tokens, but 2 are needed`);
  requireStride(stride, contextLength);
  const tokenLogProbs: (number | undefined)[] = [undefined];
  for (let start = 0; tokenLogProbs.length < ids.length; start += stride) {
    input.signal?.throwIfAborted();
    const window = ids.slice(start, start + contextLength);
    const firstTarget = tokenLogProbs.length - start;
    const logProbs = await input.logProbsOf(window, firstTarget);
    requireLength(logProbs.length, window.length - firstTarget);
    for (const logProb of Array.from(logProbs)) tokenLogProbs.push(requireNumber(logProb, tokenLogProbs.length));
  }
  const logProb = tokenLogProbs.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  return { tokenLogProbs, logProb, perplexity: Math.exp(-logProb / (ids.length - 1)) };
}

function requireStride(stride: number, contextLength: number): void {
  if (Number.isInteger(stride) && stride >= 1 && stride < contextLength) return;
  throw new RangeError(
    `Cannot score a text: the stride is ${stride}, but in a context of ${contextLength} it must be a whole number ` +
      `from 1 to ${contextLength - 1}`,
  );
}

function requireLength(got: number, wanted: number): void {
  if (got !== wanted) throw new RangeError(`Cannot score a text: got ${got} log probabilities for ${wanted} tokens`);
}

function requireNumber(logProb: number, position: number): number {
  if (!Number.isNaN(logProb)) return logProb;
  throw new RangeError(`Cannot score the token at position ${position}: its log probability is NaN`);
}
