import type { EngineRequest } from '../engine/request.ts';
import { type CrossAttentions, crossAttentions } from '../models/cross-attentions.ts';
import type { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import type { SourceTargetTokenizer } from '../tokenizers/source-target/source-target-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { GenerateOptions } from './generate-options.ts';
import type { Generation } from './generation.ts';
import { type WordSpan, wordSpans } from './word-spans.ts';

/** What `transduce` takes beside generation options, which are about the target. */
export type TransduceOptions = GenerateOptions & {
  /** Whether cross-attention maps of the (best) target are wanted. */
  readonly attentions?: boolean | undefined;
};

/** A finished target: its text, and what else `Generation` knows. */
export interface Transduction extends Generation {
  /** The source as the model read it. */
  readonly sourceIds: readonly number[];
  /** Where `attentions` asks for them. */
  readonly attentions?: TokenAttentions | undefined;
}

/** Cross-attention maps with the tokens that they are about, as the vocabularies have them. */
export interface TokenAttentions extends CrossAttentions {
  readonly sourceTokens: readonly string[];
  /** The generated tokens. */
  readonly targetTokens: readonly string[];
  /** The words that the tokens make; see `alignWords`. */
  readonly sourceWords: readonly WordSpan[];
  readonly targetWords: readonly WordSpan[];
}

/** A generation with its source, and with the maps of its first target if they are wanted. */
export async function toTransduction(
  generation: Generation,
  { sourceIds = [], promptIds, adapter: served }: EngineRequest,
  by: {
    readonly model: EncoderDecoderLM;
    readonly texts: SourceTargetTokenizer | undefined;
    readonly attentions: boolean;
  },
): Promise<Transduction> {
  if (!by.attentions) return { ...generation, sourceIds };
  const targetIds = generation.tokenIds;
  const attentions = await crossAttentions(by.model, { sourceIds, promptIds, targetIds, adapter: served?.adapter });
  const { source, target } = by.texts ?? {};
  const tokens = { sourceTokens: tokensOf(sourceIds, source), targetTokens: tokensOf(targetIds, target) };
  const words = { sourceWords: wordsOf(sourceIds, source), targetWords: wordsOf(targetIds, target) };
  return { ...generation, sourceIds, attentions: { ...attentions, ...tokens, ...words } };
}

function tokensOf(ids: readonly number[], tokenizer: Tokenizer | undefined): readonly string[] {
  return ids.map((id) => tokenizer?.idToToken(id) ?? String(id));
}

function wordsOf(ids: readonly number[], tokenizer: Tokenizer | undefined): readonly WordSpan[] {
  return tokenizer === undefined ? [] : wordSpans(ids, tokenizer);
}
