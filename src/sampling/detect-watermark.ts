import { GreenList, type GreenListSettings } from './green-list.ts';
import { normalTail } from './normal-tail.ts';

/** What the green tokens of a text say of its watermark. */
export interface WatermarkDetection {
  /** Tokens that were looked at: repeated n-grams once. */
  readonly numTokens: number;
  readonly numGreen: number;
  /** numGreen / numTokens: about `greenlistRatio` without the watermark. */
  readonly greenFraction: number;
  /** (numGreen − γ · numTokens) / √(numTokens · γ · (1 − γ)). */
  readonly zScore: number;
  /** Probability of so high a z-score without the watermark. */
  readonly pValue: number;
  readonly isWatermarked: boolean;
}

/**
 * Tests whether a text was generated with `watermark` of the same settings (Kirchenbauer et al. 2023): whether it has more
 * green tokens than chance gives it. Each n-gram of a token and those that decide its color counts once however often it
 * occurs, since repetitions are not independent. `tokenIds` is best the generated text alone, without the prompt and
 * special tokens. It is watermarked if the z-score is above `zThreshold`; 3, Hugging Face's, is wrong for one text in 740,
 * and 4, the paper's, for one in 30,000. Throws a `RangeError` if the text is too short for one token to be looked at.
 *
 * @example
 * const settings = { greenlistRatio: 0.25, hashingKey: 15485863, seedingScheme: 'lefthash', contextWidth: 1 } as const;
 * detectWatermark(tokenIds, settings).isWatermarked;
 */
export function detectWatermark(
  tokenIds: readonly number[],
  settings: GreenListSettings,
  zThreshold = 3,
): WatermarkDetection {
  if (Number.isNaN(zThreshold)) throw new RangeError('Cannot detect a watermark: zThreshold is NaN');
  const { numTokens, numGreen } = countGreen(tokenIds, new GreenList(settings));
  const ratio = settings.greenlistRatio;
  const zScore = (numGreen - ratio * numTokens) / Math.sqrt(numTokens * ratio * (1 - ratio));
  return {
    numTokens,
    numGreen,
    greenFraction: numGreen / numTokens,
    zScore,
    pValue: normalTail(zScore),
    isWatermarked: zScore > zThreshold,
  };
}

function countGreen(tokenIds: readonly number[], green: GreenList): { numTokens: number; numGreen: number } {
  const { numBefore } = green;
  if (tokenIds.length <= numBefore) {
    throw new RangeError(
      `Cannot detect a watermark: got ${tokenIds.length} tokens, but at least ${numBefore + 1} are needed`,
    );
  }
  const seen = new Set<string>();
  let numGreen = 0;
  for (let end = numBefore; end < tokenIds.length; end++) {
    const ngram = tokenIds.slice(end - numBefore, end + 1).join();
    if (seen.has(ngram)) continue;
    seen.add(ngram);
    green.follow(tokenIds, end);
    if (green.has(tokenIds[end]!)) numGreen++;
  }
  return { numTokens: seen.size, numGreen };
}
