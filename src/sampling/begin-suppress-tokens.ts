import type { LogitsProcessor } from './logits-processor.ts';
import { suppressTokens } from './suppress-tokens.ts';

/**
 * Hugging Face's `begin_suppress_tokens`: removes tokens as the first that is generated. With `isBosForced` (`forcedBos` is
 * used too) and a prompt of one token the first is forced, and they are removed as the second. Throws as `suppressTokens`
 * does.
 */
export function beginSuppressTokens(tokenIds: readonly number[], isBosForced = false): LogitsProcessor {
  const suppress = suppressTokens(tokenIds);
  return (logits, sequence) => {
    const numForced = isBosForced && sequence.promptIds.length === 1 ? 1 : 0;
    if (sequence.generatedIds.length === numForced) suppress(logits, sequence);
  };
}
