import type { Tokenizer } from './tokenizer.ts';

/** Codes of languages, spelled as the model spells them: `de`, `de_DE`, `deu_Latn`, `>>deu<<`. */
export interface Languages {
  /** Of the source. */
  readonly from?: string | undefined;
  /** Of the target. */
  readonly to?: string | undefined;
}

/** What a target begins with, where its language decides it; the model's own settings hold for what is undefined. */
export interface TargetStart {
  /** Before the first token (mBART-cc25). */
  readonly decoderStartTokenId: number | undefined;
  /** The first token (mBART-50, M2M-100, NLLB). */
  readonly forcedBosTokenId: number | undefined;
}

/**
 * The two texts of an encoder-decoder model: how a source becomes token ids, and token ids become a target. Source and target
 * may have one tokenizer, or two of different vocabularies.
 */
export interface TextPair {
  /** Reads sources. */
  readonly source: Tokenizer;
  /** Reads beginnings of targets, and writes targets. */
  readonly target: Tokenizer;
  /** Every code that `from` and `to` take; empty where the model does not tell languages apart. */
  readonly languages: readonly string[];
  /**
   * The ids of a source with what the model expects around it, marks of languages included. Throws a `RangeError` for a code
   * that the model does not know, and a `TypeError` for any where it has none.
   */
  encodeSource(text: string, languages?: Languages): number[];
  /** What a target of the language `to` begins with. Throws as `encodeSource`. */
  targetStart(to: string | undefined): TargetStart;
}

/**
 * The texts of a model that has one tokenizer and does not tell languages apart.
 *
 * @example
 * const text = onePair(tokenizer);
 * text.encodeSource('half past two');
 */
export function onePair(tokenizer: Tokenizer): TextPair {
  return {
    source: tokenizer,
    target: tokenizer,
    languages: [],
    encodeSource: (text, languages = {}) => {
      expectNoLanguages(languages);
      return tokenizer.encode(text);
    },
    targetStart: (to) => {
      expectNoLanguages({ to });
      return { decoderStartTokenId: undefined, forcedBosTokenId: undefined };
    },
  };
}

function expectNoLanguages({ from, to }: Languages): void {
  const code = from ?? to;
  if (code !== undefined)
    throw new TypeError(
      `Cannot translate: the language ${JSON.stringify(code)} is given, but the model does not tell languages apart`,
    );
}
