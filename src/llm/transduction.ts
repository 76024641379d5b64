import type { GenerateOptions, Prompt } from './generate-options.ts';
import type { Generation } from './generation.ts';

/** What `transduce` takes beside generation options, which are about the target. */
export interface TransduceOptions extends Omit<GenerateOptions, never> {
  /** What the target must begin with, as text or token ids; `text` has it too. */
  readonly targetPrefix?: Prompt | undefined;
  /** Whether cross-attention maps of the first target are wanted. */
  readonly attentions?: boolean | undefined;
}

/** What `translate` takes. */
export interface TranslateOptions extends TransduceOptions {
  /** Language of the source, as the model spells it. */
  readonly from?: string | undefined;
  /** Language of the target. */
  readonly to?: string | undefined;
}

/** A finished target. */
export interface Transduction extends Generation {
  /** The source as the model read it. */
  readonly sourceIds: readonly number[];
  /** Where `attentions` asks for them. */
  readonly attentions?: CrossAttentions | undefined;
}

/** What every head of every layer looked at in the source while it wrote the target. */
export interface CrossAttentions {
  /** Tokens as the vocabularies have them. */
  readonly sourceTokens: readonly string[];
  readonly targetTokens: readonly string[];
  /** weights[layer][head] is (targets · sources), row-major; each row adds up to 1. */
  readonly weights: readonly (readonly Float32Array[])[];
}

// llm.transduce(source: Prompt, options?: TransduceOptions): Promise<Transduction>
// llm.transduce(sources: readonly Prompt[], options?: TransduceOptions): Promise<Transduction[]>
// llm.translate(text, options?: TranslateOptions): Promise<Transduction>, and of several texts
// llm.streamTransduction / llm.stream(source, options): AsyncGenerator<GeneratedToken, Generation>
