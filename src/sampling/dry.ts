import { HIGHEST_FLOAT32 } from './highest-float32.ts';
import type { LogitsProcessor } from './logits-processor.ts';

export interface DryOptions {
  readonly multiplier: number;
  /** At least 1. */
  readonly base: number;
  /** Repetitions of fewer tokens than this cost nothing to continue. */
  readonly allowedLength: number;
  /** How many of the latest tokens are searched; undefined is all. */
  readonly lastN?: number | undefined;
  /** Tokens that no repetition contains or goes on with: punctuation, names of speakers. */
  readonly breakerIds: ReadonlySet<number>;
}

/**
 * DRY, "don't repeat yourself" (p-e-w 2024, text-generation-webui pull request 5677): where the last n tokens of the text
 * stood before, the token that came after them there loses multiplier · base^(n − allowedLength), if n is at least
 * `allowedLength`; n is the longest such repetition. It costs nothing to say once, and ever more to go on repeating.
 */
export function dry(options: DryOptions): LogitsProcessor {
  checkOptions(options);
  const { multiplier, base, allowedLength, lastN, breakerIds } = options;
  const longest = new Map<number, number>();
  return (logits, { tokenIds }) => {
    const numSearched = Math.min(tokenIds.length, lastN ?? tokenIds.length);
    longest.clear();
    findRepetitions(tokenIds, { numSearched, allowedLength, breakerIds }, longest);
    for (const [id, length] of longest) {
      // A power that overflows would remove the token; all the others may be removed already.
      logits[id]! -= Math.min(multiplier * base ** (length - allowedLength), HIGHEST_FLOAT32);
    }
  };
}

function checkOptions({ multiplier, base, allowedLength, lastN = 0 }: DryOptions): void {
  if (!(multiplier >= 0 && multiplier < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `Cannot penalize repetition: the multiplier is ${multiplier}, but it must be finite and at least 0`,
    );
  }
  if (!(base >= 1 && base < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot penalize repetition: the base is ${base}, but it must be finite and at least 1`);
  }
  if (!(Number.isInteger(allowedLength) && allowedLength >= 1)) {
    throw new RangeError(
      `Cannot penalize repetition: the allowed length is ${allowedLength}, but it must be a whole number above 0`,
    );
  }
  if (!(Number.isInteger(lastN) && lastN >= 0)) {
    throw new RangeError(`Cannot penalize repetition: lastN is ${lastN}, but it must be a whole number from 0`);
  }
}

interface Search {
  readonly numSearched: number;
  readonly allowedLength: number;
  readonly breakerIds: ReadonlySet<number>;
}

/** Notes for each token that would continue a repetition how long the longest of these is. */
function findRepetitions(tokenIds: readonly number[], search: Search, longest: Map<number, number>): void {
  const { numSearched, allowedLength, breakerIds } = search;
  const fromEnd = (i: number): number => tokenIds[tokenIds.length - 1 - i]!;
  let numSinceBreaker = 0;
  while (numSinceBreaker < numSearched && !breakerIds.has(fromEnd(numSinceBreaker))) numSinceBreaker++;
  if (numSinceBreaker < allowedLength) return;
  const lengths = commonWithBeginning(fromEnd, numSearched);
  for (let i = 1; i < numSearched; i++) {
    const length = Math.min(lengths[i]!, numSinceBreaker);
    const next = fromEnd(i - 1);
    if (length < allowedLength || breakerIds.has(next)) continue;
    if (length > (longest.get(next) ?? 0)) longest.set(next, length);
  }
}

/**
 * The Z-function (Gusfield 1997): for every i > 0 how many elements from i on are those from 0 on. It takes time in
 * proportion to `length`, however repetitive the text is: what is inside a match found before has been compared already.
 */
function commonWithBeginning(at: (i: number) => number, length: number): Int32Array {
  const lengths = new Int32Array(length);
  let begin = 0;
  let end = 0;
  for (let i = 1; i < length; i++) {
    let count = i < end ? Math.min(end - i, lengths[i - begin]!) : 0;
    while (i + count < length && at(count) === at(i + count)) count++;
    lengths[i] = count;
    if (i + count > end) {
      begin = i;
      end = i + count;
    }
  }
  return lengths;
}
