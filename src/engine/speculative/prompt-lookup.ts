import type { DraftProposer } from '../../decoding/draft.ts';

/**
 * Guesses without a model (Saxena 2023, prompt lookup decoding): what followed the last few tokens when they occurred
 * before, in the prompt or in the generated text. The longest end of the sequence counts, of at most `maxMatchingNgramSize`
 * tokens, that occurred before; of several such places the most recent one, where Hugging Face Transformers takes the first.
 * The guess may run on into itself, so a text that repeats is guessed as far as is asked for. A source counts as what comes before
 * the target: much of a text that is corrected, summed up or put into a form stands in it.
 */
export function promptLookup(maxMatchingNgramSize: number): DraftProposer {
  if (!(Number.isInteger(maxMatchingNgramSize) && maxMatchingNgramSize >= 1)) {
    throw new RangeError(
      `Cannot look up drafts: maxMatchingNgramSize is ${maxMatchingNgramSize}, but it must be a whole number above 0`,
    );
  }
  return {
    propose: ({ sourceIds = [], tokenIds: ownIds }, maxTokens) => {
      const tokenIds = [...sourceIds, ...ownIds];
      const start = findContinuation(tokenIds, maxMatchingNgramSize);
      return start === undefined ? [] : copyFrom(tokenIds, start, maxTokens);
    },
  };
}

/** Where the text goes on after the best earlier occurrence of its end. */
function findContinuation(tokenIds: readonly number[], maxSize: number): number | undefined {
  let bestSize = 0;
  let best: number | undefined;
  for (let start = tokenIds.length - 1; start > bestSize && bestSize < maxSize; start--) {
    const size = numMatching(tokenIds, start, maxSize);
    if (size > bestSize) [bestSize, best] = [size, start];
  }
  return best;
}

/** How many tokens before `end` are those at the end of the text, up to `maxSize`. */
function numMatching(tokenIds: readonly number[], end: number, maxSize: number): number {
  const { length } = tokenIds;
  const most = Math.min(maxSize, end);
  let size = 0;
  while (size < most && tokenIds[end - 1 - size] === tokenIds[length - 1 - size]) size += 1;
  return size;
}

function copyFrom(tokenIds: readonly number[], start: number, count: number): readonly number[] {
  const copied: number[] = [];
  for (let i = 0; i < count; i++) copied.push(tokenIds[start + i] ?? copied[start + i - tokenIds.length]!);
  return copied;
}
