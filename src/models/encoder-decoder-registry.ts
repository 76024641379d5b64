import { didYouMean } from '../base/suggest.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { Architecture } from './architecture.ts';
import { bartFamily } from './bart-family.ts';
import { t5Family } from './t5-family.ts';

const ARCHITECTURES: readonly Architecture<EncoderDecoderConfig>[] = [bartFamily, t5Family];

/** Every `model_type` of an encoder-decoder model that Kvasir loads. */
export const ENCODER_DECODER_TYPES: readonly string[] = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes);

/**
 * The encoder-decoder architecture of a `model_type`; `location` is what errors call its place. Throws a `RangeError` that
 * lists the known ones.
 */
export function encoderDecoderArchitectureOf(modelType: string, location: string): Architecture<EncoderDecoderConfig> {
  const found = ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (found !== undefined) return found;
  const known = ENCODER_DECODER_TYPES.join(', ');
  throw new RangeError(
    `Cannot load an encoder-decoder model of type ${JSON.stringify(modelType)} (${location})${didYouMean(modelType, ENCODER_DECODER_TYPES)}; known: ${known}`,
  );
}
