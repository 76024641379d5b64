import type { LogitsProcessor } from './logits-processor.ts';

/**
 * Keeps a text close to its prompt, as Hugging Face's `encoder_repetition_penalty` does (its "encoder text" is the prompt of
 * a decoder-only model): the logit of every token that occurs in the prompt is multiplied by `penalty` if positive and
 * divided by it otherwise, once however often the token occurs. Above 1 the prompt's tokens are encouraged, below 1
 * discouraged.
 */
export function encoderRepetitionPenalty(penalty: number): LogitsProcessor {
  if (!(penalty > 0 && penalty < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `Cannot encourage the prompt's tokens: the penalty is ${penalty}, but it must be finite and above 0`,
    );
  }
  let prompt: readonly number[] = [];
  let distinctIds: ReadonlySet<number> = new Set();
  return (logits, { promptIds }) => {
    if (promptIds !== prompt) {
      prompt = promptIds;
      distinctIds = new Set(promptIds);
    }
    for (const id of distinctIds) {
      const logit = logits[id]!;
      logits[id] = logit > 0 ? logit * penalty : logit / penalty;
    }
  };
}
