/** The first of `tokenIds` that is no token of a vocabulary of `vocabSize`: not a whole number from 0 to below it. */
export function findForeignToken(tokenIds: readonly number[] | Int32Array, vocabSize: number): number | undefined {
  return tokenIds.find((tokenId: number) => !(Number.isInteger(tokenId) && tokenId >= 0 && tokenId < vocabSize));
}
