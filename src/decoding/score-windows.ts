/** Tokens of a text that a model reads together. */
export interface ScoreWindow {
  /** The window is tokens `start` … `end` − 1 of the text. */
  readonly start: number;
  readonly end: number;
  /** The first token that it scores; those before it were scored by the window before, and here are context. */
  readonly firstTarget: number;
}

/**
 * The windows over a text of `numTokens` tokens. They begin at 0, stride, 2 · stride, …; each scores the tokens that no window
 * before it has scored, so that every token but the first is scored once, and past the first window with at least
 * contextLength − stride tokens before it. This is Hugging Face's recipe for the perplexity of fixed-length models.
 *
 * Throws a `RangeError` for fewer than two tokens, and unless the stride (half the context if undefined) is 1 to
 * contextLength − 1.
 */
export function scoreWindows(
  numTokens: number,
  contextLength: number,
  stride = Math.floor(contextLength / 2),
): readonly ScoreWindow[] {
  if (numTokens < 2) throw new RangeError(`Cannot score a text: it has ${numTokens} tokens, but 2 are needed`);
  requireStride(stride, contextLength);
  const windows: ScoreWindow[] = [];
  let firstTarget = 1;
  for (let start = 0; firstTarget < numTokens; start += stride) {
    const end = Math.min(numTokens, start + contextLength);
    windows.push({ start, end, firstTarget });
    firstTarget = end;
  }
  return windows;
}

function requireStride(stride: number, contextLength: number): void {
  if (Number.isInteger(stride) && stride >= 1 && stride < contextLength) return;
  throw new RangeError(
    `Cannot score a text: the stride is ${stride}, but in a context of ${contextLength} it must be a whole number ` +
      `from 1 to ${contextLength - 1}`,
  );
}
