import type { EncoderDecoderConfig } from '../../config/encoder-decoder-config.ts';
import type { PairEncoding } from '../../data/pair-encoding.ts';
import { type TextAssets, targetStartOf } from '../../llm/text-assets.ts';

/** What a model's folder says of the texts that it reads and writes. */
export type PairAssets = Pick<TextAssets, 'sourceTarget' | 'defaults'>;

/**
 * How a model that is there reads pairs: as where it is served. Throws an `Error` for a model without tokenizer, and a `RangeError`
 * where it is not known what targets begin and end with.
 */
export function pairEncodingOf(
  config: EncoderDecoderConfig,
  { sourceTarget, defaults }: PairAssets,
  languages: Pick<PairEncoding, 'from' | 'to'>,
): PairEncoding {
  if (sourceTarget === undefined) throw new Error("Cannot read pairs: the model's folder has no tokenizer");
  const startTokenId = targetStartOf(config, defaults);
  const [endTokenId] = config.eosTokenIds;
  if (startTokenId !== undefined && endTokenId !== undefined)
    return { tokenizer: sourceTarget, ...languages, startTokenId, endTokenId };
  const missing = startTokenId === undefined ? 'decoder_start_token_id' : 'eos_token_id';
  throw new RangeError(`Cannot read pairs: the model's configuration has no ${missing}, which its targets need`);
}
