import { GreenList, type GreenListSettings } from './green-list.ts';
import type { LogitsProcessor } from './logits-processor.ts';

/** A watermark: which tokens are preferred, and by how much. */
export interface WatermarkSettings extends GreenListSettings {
  /** Added to the logits of green tokens, δ. */
  readonly bias: number;
}

/**
 * The soft watermark of Kirchenbauer et al. 2023: adds `bias` to the logits of the tokens that are green after the latest
 * ones, so that `detectWatermark` can tell the text from others. All tokens are looked at with 'selfhash' too, where Hugging
 * Face Transformers takes the 40 likeliest; its green lists are others (see `GreenList`). While there are too few tokens
 * before, nothing is added. Throws a `TypeError` or `RangeError` for impossible settings.
 */
export function watermark(settings: WatermarkSettings): LogitsProcessor {
  const { bias } = settings;
  if (!Number.isFinite(bias)) throw new RangeError(`Cannot watermark: bias is ${bias}, but it must be finite`);
  const green = new GreenList(settings);
  return (logits, { tokenIds }) => {
    if (tokenIds.length < green.numBefore) return;
    green.follow(tokenIds, tokenIds.length);
    const { length } = logits;
    for (let id = 0; id < length; id++) if (green.has(id)) logits[id]! += bias;
  };
}
