import type { SourceTargetTokenizer } from '../tokenizers/source-target/source-target-tokenizer.ts';

/** How an encoder-decoder model reads pairs: each side by its own tokenizer, with all that is expected around it. */
export interface PairEncoding {
  readonly tokenizer: SourceTargetTokenizer;
  /** Language of the sources, as the model spells it; in models that translate between several. */
  readonly from?: string | undefined;
  /** Language of the targets. */
  readonly to?: string | undefined;
  /** What a target begins with, unless its language says it. */
  readonly startTokenId: number;
  /** Ends a target that its tokenizer leaves open. */
  readonly endTokenId: number;
}

/** A pair as tokens. */
export interface EncodedPair {
  readonly sourceIds: readonly number[];
  /** With what it begins with. */
  readonly targetIds: readonly number[];
}

/** Throws as the tokenizer does for languages. */
export function encodePair(source: string, target: string, encoding: PairEncoding): EncodedPair {
  const { tokenizer, from, to, endTokenId } = encoding;
  const labels = tokenizer.encodeTarget(target, { to });
  const end = labels.includes(endTokenId) ? [] : [endTokenId];
  return {
    sourceIds: tokenizer.encodeSource(source, { from, to }),
    targetIds: [startOfTargets(encoding), ...labels, ...end],
  };
}

/** What every target begins with. Throws as the tokenizer does for languages. */
export function startOfTargets({ tokenizer, to, startTokenId }: PairEncoding): number {
  return tokenizer.targetStart({ to }).decoderStartTokenId ?? startTokenId;
}

/** Token ids of both sides are below it. */
export function vocabSizeOf({ tokenizer: { source, target } }: PairEncoding): number {
  return Math.max(source.vocabSize, target.vocabSize);
}
