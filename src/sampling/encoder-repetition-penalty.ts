import type { LogitsProcessor } from './logits-processor.ts';

/**
 * Keeps a text close to its source, or to its prompt in a model without an encoder, as Hugging Face's
 * `encoder_repetition_penalty` does: the logit of every token that occurs in it is multiplied by `penalty` if positive and
 * divided by it otherwise, once however often the token occurs. Above 1 its tokens are encouraged, below 1
 * discouraged.
 */
export function encoderRepetitionPenalty(penalty: number): LogitsProcessor {
  if (!(penalty > 0 && penalty < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `Cannot encourage the prompt's tokens: the penalty is ${penalty}, but it must be finite and above 0`,
    );
  }
  let seen: readonly number[] = [];
  let distinctIds: ReadonlySet<number> = new Set();
  return (logits, { promptIds, sourceIds = promptIds }) => {
    if (sourceIds !== seen) {
      seen = sourceIds;
      distinctIds = new Set(sourceIds);
    }
    for (const id of distinctIds) {
      const logit = logits[id]!;
      logits[id] = logit > 0 ? logit * penalty : logit / penalty;
    }
  };
}
