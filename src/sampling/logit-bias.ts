import type { LogitsProcessor } from './logits-processor.ts';
import { checkVocabulary, namedTokens } from './named-tokens.ts';

const ACTION = 'bias tokens';

/**
 * OpenAI's `logit_bias`: adds to the logits of tokens, by their ids, a bias from −100 to 100. Throws a `RangeError` for
 * another bias, or, at the first row, for a token that is not in the vocabulary.
 */
export function logitBias(biases: ReadonlyMap<number, number>): LogitsProcessor {
  const tokenIds = namedTokens([...biases.keys()], ACTION);
  const added = Float64Array.from(biases.values());
  for (const [i, bias] of added.entries()) {
    if (!(bias >= -100 && bias <= 100)) {
      throw new RangeError(
        `Cannot ${ACTION}: the bias of token ${tokenIds[i]} is ${bias}, but it must be from -100 to 100`,
      );
    }
  }
  return (logits) => {
    checkVocabulary(tokenIds, logits.length, ACTION);
    for (let i = 0; i < tokenIds.length; i++) logits[tokenIds[i]!]! += added[i]!;
  };
}
