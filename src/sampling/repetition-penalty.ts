import type { LogitsProcessor } from './logits-processor.ts';

/**
 * The penalty of CTRL (Keskar et al. 2019) as Hugging Face Transformers computes it: the logit of every token that occurs in
 * the prompt or the generated text is divided by `penalty` if positive and multiplied by it otherwise, once however often
 * the token occurs. Above 1 repetition is discouraged, below 1 encouraged.
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  if (!(penalty > 0 && penalty < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot penalize repetition: the penalty is ${penalty}, but it must be finite and above 0`);
  }
  let isSeen = new Uint8Array(0);
  return (logits, { tokenIds }) => {
    if (isSeen.length !== logits.length) isSeen = new Uint8Array(logits.length);
    for (const id of tokenIds) {
      if (isSeen[id] === 1) continue;
      isSeen[id] = 1;
      const logit = logits[id]!;
      logits[id] = logit > 0 ? logit / penalty : logit * penalty;
    }
    for (const id of tokenIds) isSeen[id] = 0;
  };
}
