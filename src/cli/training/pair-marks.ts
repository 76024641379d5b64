import type { EncoderDecoderConfig } from '../../config/encoder-decoder-config.ts';

/** What the targets of an encoder-decoder model begin and end with. */
export interface PairMarks {
  readonly beginTokenId: number;
  readonly endTokenId: number;
}

/** Throws a `RangeError` for a configuration that does not say them. */
export function pairMarksOf({ decoderStartTokenId, eosTokenIds }: EncoderDecoderConfig): PairMarks {
  const [endTokenId] = eosTokenIds;
  if (decoderStartTokenId !== undefined && endTokenId !== undefined)
    return { beginTokenId: decoderStartTokenId, endTokenId };
  const missing = decoderStartTokenId === undefined ? 'decoder_start_token_id' : 'eos_token_id';
  throw new RangeError(`Cannot read pairs: the model's configuration has no ${missing}, which its targets need`);
}
