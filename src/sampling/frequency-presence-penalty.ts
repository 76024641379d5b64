import type { LogitsProcessor } from './logits-processor.ts';

/**
 * OpenAI's penalties: logit −= count · frequency + (count > 0 ? presence : 0), where count is how often the token occurs in
 * the generated text. The prompt does not count.
 */
export function frequencyPresencePenalty(penalties: {
  readonly frequency: number;
  readonly presence: number;
}): LogitsProcessor {
  const { frequency, presence } = penalties;
  if (!(Number.isFinite(frequency) && Number.isFinite(presence))) {
    throw new RangeError(
      `Cannot penalize repetition: frequency is ${frequency} and presence ${presence}, but they must be finite`,
    );
  }
  let counts = new Uint32Array(0);
  return (logits, { generatedIds }) => {
    if (counts.length !== logits.length) counts = new Uint32Array(logits.length);
    for (const id of generatedIds) counts[id]! += 1;
    for (const id of generatedIds) {
      const count = counts[id]!;
      if (count === 0) continue;
      logits[id]! -= count * frequency + presence;
      counts[id] = 0;
    }
  };
}
