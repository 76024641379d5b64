import type { LogitsProcessor } from './logits-processor.ts';
import { checkTokenIds, checkVocabulary } from './named-tokens.ts';

/** What is added to the logit of the last of `tokenIds` wherever the others come right before it. */
export interface SequenceBias {
  readonly tokenIds: readonly number[];
  /** Finite, or −∞ to forbid the sequence. */
  readonly bias: number;
}

const ACTION = 'bias a sequence';

/**
 * Hugging Face's `sequence_bias`: makes sequences of tokens likelier or less likely. The bias goes to the last token of a
 * sequence whose other tokens are the latest of the text; biases of several such sequences add up. If a sequence is given
 * twice the later bias counts. Throws a `RangeError` for an empty sequence, or, at the first row, for a token that is not in
 * the vocabulary.
 */
export function sequenceBias(biases: readonly SequenceBias[]): LogitsProcessor {
  const sequences = [...new Map(biases.map((given) => [given.tokenIds.join(), biasedSequence(given)])).values()];
  const namedIds = [...new Set(sequences.flatMap(({ prefix, last }) => [...prefix, last]))];
  return (logits, { tokenIds }) => {
    checkVocabulary(namedIds, logits.length, ACTION);
    for (const { prefix, last, bias } of sequences) if (endsWith(tokenIds, prefix)) logits[last]! += bias;
  };
}

function biasedSequence({ tokenIds, bias }: SequenceBias): { prefix: readonly number[]; last: number; bias: number } {
  checkTokenIds(tokenIds, ACTION);
  const last = tokenIds.at(-1);
  if (last === undefined) throw new RangeError(`Cannot ${ACTION}: it is empty, but it must have a token`);
  if (!(bias < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot ${ACTION}: the bias is ${bias}, but it must be finite or -Infinity`);
  }
  return { prefix: tokenIds.slice(0, -1), last, bias };
}

function endsWith(tokenIds: readonly number[], ending: readonly number[]): boolean {
  const offset = tokenIds.length - ending.length;
  if (offset < 0) return false;
  // From the end, where sequences of one text differ first.
  for (let i = ending.length - 1; i >= 0; i--) if (tokenIds[offset + i] !== ending[i]) return false;
  return true;
}
