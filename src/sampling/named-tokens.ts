/**
 * A copy of token ids that a user named, each once, in their order. `action` begins the message of the error: a `TypeError`
 * if there is no list, a `RangeError` for an id that is not a whole number from 0.
 */
export function namedTokens(tokenIds: readonly number[], action: string): readonly number[] {
  checkTokenIds(tokenIds, action);
  return [...new Set(tokenIds)];
}

/** Throws the errors of `namedTokens`. */
export function checkTokenIds(tokenIds: readonly number[], action: string): void {
  if (!Array.isArray(tokenIds)) {
    throw new TypeError(`Cannot ${action}: got ${typeof tokenIds}, but a list of token ids is needed`);
  }
  for (const id of tokenIds) {
    if (!(Number.isSafeInteger(id) && id >= 0)) {
      throw new RangeError(`Cannot ${action}: got the token id ${id}, but it must be a whole number from 0`);
    }
  }
}

/** Throws a `RangeError` if a token is not in the vocabulary, whose size is known only when the first row comes. */
export function checkVocabulary(tokenIds: readonly number[], vocabSize: number, action: string): void {
  for (const id of tokenIds) {
    if (id >= vocabSize)
      throw new RangeError(`Cannot ${action}: got the token id ${id}, but there are ${vocabSize} tokens`);
  }
}
