import type { GenerationOptions } from '../config/neutral-options.ts';

/** The options that name tokens of the vocabulary. */
export type TokenOptions = Pick<
  GenerationOptions,
  | 'badWordsIds'
  | 'logitBias'
  | 'sequenceBias'
  | 'allowedTokenIds'
  | 'suppressTokens'
  | 'beginSuppressTokens'
  | 'decoderStartTokenId'
  | 'forcedBosTokenId'
  | 'forcedEosTokenId'
>;

/** Throws a `RangeError` if an option names a token that is not in the vocabulary, before anything is computed. */
export function checkTokenOptions(options: TokenOptions, vocabSize: number): void {
  for (const [name, tokenIds] of namedTokenIds(options)) {
    const unknown = tokenIds.find((id) => id >= vocabSize);
    if (unknown !== undefined)
      throw new RangeError(`Cannot generate: ${name} has the token ${unknown}, but the model has ${vocabSize} tokens`);
  }
}

function namedTokenIds(options: TokenOptions): readonly (readonly [name: string, tokenIds: readonly number[]])[] {
  const { badWordsIds, logitBias, sequenceBias, allowedTokenIds, decoderStartTokenId, forcedBosTokenId } = options;
  return [
    ['badWordsIds', badWordsIds.flat()],
    ['logitBias', [...logitBias.keys()]],
    ['sequenceBias', sequenceBias.flatMap(({ tokenIds }) => tokenIds)],
    ['allowedTokenIds', allowedTokenIds ?? []],
    ['suppressTokens', options.suppressTokens],
    ['beginSuppressTokens', options.beginSuppressTokens],
    ['decoderStartTokenId', decoderStartTokenId === undefined ? [] : [decoderStartTokenId]],
    ['forcedBosTokenId', forcedBosTokenId === undefined ? [] : [forcedBosTokenId]],
    ['forcedEosTokenId', options.forcedEosTokenId],
  ];
}
