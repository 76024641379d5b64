import type { BeamHypothesis } from './beam-hypotheses.ts';
import { GenerationOutput, type GenerationResult } from './generation-output.ts';
import type { SearchInput } from './sampling-search.ts';
import type { FinishReason } from './stopping.ts';

/**
 * Why a beam with these tokens has come to its end; undefined if it may go on. Beams fork, and a stream of text does not: where
 * there are stop strings, the text is made anew from all tokens.
 */
export function finishReasonOf(tokenIds: readonly number[], input: SearchInput): FinishReason | undefined {
  const { options, limits } = input;
  if (options.stopStrings.length > 0) {
    const output = openOutput(input, 0);
    for (const tokenId of tokenIds) output.add(tokenId, undefined);
    return output.finishReason;
  }
  if (options.stopTokenIds.includes(tokenIds.at(-1)!)) return 'stop';
  return tokenIds.length >= limits.max ? 'length' : undefined;
}

/** The result of rank `index`, its tokens reported one by one. */
export function resultOf(hypothesis: BeamHypothesis, index: number, input: SearchInput): GenerationResult {
  const { tokenIds, logProbs, finishReason, score } = hypothesis;
  const output = openOutput(input, index);
  for (const [i, tokenId] of tokenIds.entries()) {
    const found = logProbs[i];
    const ofRow = found && { of: () => found.logProb, top: () => found.topLogProbs };
    const isLast = i === tokenIds.length - 1;
    const token = output.add(tokenId, ofRow, isLast ? finishReason : undefined);
    input.onToken?.(token);
  }
  output.end(finishReason);
  return { ...output.result({ promptTokens: input.promptTokens, seed: input.seed }), score };
}

/** Throws a `TypeError` for stop strings without a detokenizer. */
export function openOutput({ options, limits, detokenizerFor }: SearchInput, index: number): GenerationOutput {
  return new GenerationOutput({ options, limits, detokenizer: detokenizerFor(), index });
}
