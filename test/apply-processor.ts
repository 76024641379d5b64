import type { LogitsProcessor } from '../src/sampling/logits-processor.ts';

/** What a processor makes of a row of logits after a prompt and generated tokens. */
export function applyProcessor(
  processor: LogitsProcessor,
  logits: readonly number[],
  promptIds: readonly number[] = [],
  generatedIds: readonly number[] = [],
): number[] {
  const row = Float32Array.from(logits);
  const tokenIds = [...promptIds, ...generatedIds];
  processor(row, { promptIds, generatedIds, tokenIds, position: tokenIds.length });
  return [...row];
}

/** Ids of the tokens that are not removed. */
export function keptIds(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, id) => id).filter((id) => logits[id] !== Number.NEGATIVE_INFINITY);
}
