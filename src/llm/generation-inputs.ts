import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { GenerationOptions } from '../config/generation-options.ts';
import type { ModelConfig } from '../config/model-config.ts';
import type { Guidance } from '../engine/request.ts';
import { hasEncoder } from '../models/language-model.ts';
import type { SourceTargetTokenizer, TargetStart } from '../tokenizers/source-target/source-target-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Prompt, RunOptions } from './generate-options.ts';
import { type TextAssets, targetStartOf } from './text-assets.ts';

/** What a generation begins from: a prompt to continue, or a source and the beginning of its target. */
export interface GenerationInputs {
  readonly promptIds: readonly number[];
  readonly sourceIds: readonly number[] | undefined;
  /** The tokens before the first generated one that belong to its text. */
  readonly textBefore: readonly number[];
  readonly guidance: Guidance | undefined;
}

/** How the models of one kind read what they are given. */
export interface InputReader {
  /** What the languages of a request set in its options. */
  startOf(run: RunOptions): TargetStart;
  /** Throws a `TypeError` or `RangeError` for what cannot be. */
  read(prompt: Prompt, run: RunOptions, options: GenerationOptions): GenerationInputs;
}

/** The reader for models of a configuration. */
export function readerFor(config: ModelConfig | EncoderDecoderConfig, assets: TextAssets): InputReader {
  const { tokenizer, sourceTarget, defaults } = assets;
  if (!hasEncoder(config)) return new PromptReader(tokenizer, defaults.bosTokenId);
  const decoderStartTokenId = targetStartOf(config, defaults);
  const hasOneVocabulary = config.isEmbeddingShared;
  return new SourceReader({ tokenizer: sourceTarget, decoderStartTokenId, hasOneVocabulary });
}

/** Models that continue a prompt. */
class PromptReader implements InputReader {
  readonly #tokenizer: Tokenizer | undefined;
  readonly #bosTokenId: number | undefined;

  constructor(tokenizer: Tokenizer | undefined, bosTokenId: number | undefined) {
    this.#tokenizer = tokenizer;
    this.#bosTokenId = bosTokenId;
  }

  startOf({ from, to, targetPrefix }: RunOptions): TargetStart {
    const given = Object.entries({ from, to, targetPrefix }).find(([, value]) => value !== undefined);
    if (given === undefined) return {};
    throw new TypeError(`Cannot generate: ${given[0]} is given, but the model has no encoder that reads a source`);
  }

  read(prompt: Prompt, _: RunOptions, options: GenerationOptions): GenerationInputs {
    const given = typeof prompt === 'string' ? need(this.#tokenizer, 'the prompt').encode(prompt) : prompt;
    const promptIds = given.length === 0 && this.#bosTokenId !== undefined ? [this.#bosTokenId] : given;
    if (promptIds.length === 0)
      throw new RangeError(
        'Cannot generate: the prompt has no tokens, and the model has no bos token to stand in for it',
      );
    return { promptIds, sourceIds: undefined, textBefore: promptIds, guidance: this.#guidance(options, promptIds) };
  }

  /** Without a negative prompt, guidance looks at what the model says after the last token of the prompt alone. */
  #guidance(options: GenerationOptions, promptIds: readonly number[]): Guidance | undefined {
    const { guidanceScale: scale, negativePrompt, negativePromptIds } = options;
    if (scale === 1) return undefined;
    const given =
      negativePrompt === undefined ? negativePromptIds : need(this.#tokenizer, 'negativePrompt').encode(negativePrompt);
    return { scale, promptIds: given === undefined || given.length === 0 ? promptIds.slice(-1) : given };
  }
}

/** What the settings of a model with an encoder say. */
export interface SourceSettings {
  readonly tokenizer: SourceTargetTokenizer | undefined;
  /** Where options give none. */
  readonly decoderStartTokenId: number | undefined;
  readonly hasOneVocabulary: boolean;
}

/** Models that read a source and write a target. */
class SourceReader implements InputReader {
  readonly #settings: SourceSettings;

  constructor(settings: SourceSettings) {
    this.#settings = settings;
  }

  startOf({ from, to }: RunOptions): TargetStart {
    const { tokenizer } = this.#settings;
    if (tokenizer !== undefined) return tokenizer.targetStart({ to });
    if (from === undefined && to === undefined) return {};
    throw new TypeError('Cannot generate: languages are given, but the model has no tokenizer that knows them');
  }

  read(prompt: Prompt, run: RunOptions, options: GenerationOptions): GenerationInputs {
    this.#expectOneVocabulary(options);
    const sourceIds = this.#sourceIds(prompt, run, 'the source');
    const startId = options.decoderStartTokenId ?? this.#settings.decoderStartTokenId;
    if (startId === undefined)
      throw new TypeError(
        'Cannot generate: it is not known what a target begins with; wanted decoderStartTokenId, or decoder_start_token_id in generation_config.json or config.json',
      );
    const textBefore = this.#prefixIds(run);
    // After a prefix, the first generated token is not the target's first any more.
    const { forcedBosTokenId } = options;
    const forced = textBefore.length === 0 || forcedBosTokenId === undefined ? [] : [forcedBosTokenId];
    const promptIds = [startId, ...forced, ...textBefore];
    return { promptIds, sourceIds, textBefore, guidance: this.#guidance(run, options, promptIds) };
  }

  #sourceIds(source: Prompt, { from, to }: RunOptions, what: string): readonly number[] {
    if (typeof source === 'string') return need(this.#settings.tokenizer, what).encodeSource(source, { from, to });
    if (from === undefined) return source;
    throw new TypeError(
      `Cannot generate: ${what} is given as token ids, which have their language in them, but so is from`,
    );
  }

  #prefixIds({ targetPrefix = [] }: RunOptions): readonly number[] {
    if (typeof targetPrefix !== 'string') return targetPrefix;
    return need(this.#settings.tokenizer, 'targetPrefix').target.encode(targetPrefix, { addSpecialTokens: false });
  }

  /** What the model says of the same target for another source (Sennrich et al. 2023, source-contrastive decoding). */
  #guidance(run: RunOptions, options: GenerationOptions, promptIds: readonly number[]): Guidance | undefined {
    const { guidanceScale: scale, negativePrompt, negativePromptIds } = options;
    if (scale === 1) return undefined;
    const negative = negativePrompt ?? negativePromptIds;
    if (negative === undefined)
      throw new TypeError(
        'Cannot generate: guidance of a model with an encoder moves away from another source; wanted negativePrompt',
      );
    const { from, to } = run;
    const languages = typeof negative === 'string' ? { from, to } : {};
    return { scale, promptIds, sourceIds: this.#sourceIds(negative, languages, 'negativePrompt') };
  }

  /** Throws where a rule compares tokens of the source with those of the target, and they are not the same tokens. */
  #expectOneVocabulary(options: GenerationOptions): void {
    if (this.#settings.hasOneVocabulary) return;
    const { encoderRepetitionPenalty, encoderNoRepeatNgramSize } = options;
    const given = encoderRepetitionPenalty !== 1 ? 'encoderRepetitionPenalty' : 'encoderNoRepeatNgramSize';
    if (encoderRepetitionPenalty !== 1 || encoderNoRepeatNgramSize !== 0)
      throw new TypeError(`Cannot generate: ${given} is given, but source and target have vocabularies of their own`);
  }
}

function need<Text>(tokenizer: Text | undefined, what: string): Text {
  if (tokenizer !== undefined) return tokenizer;
  throw new TypeError(`Cannot generate: ${what} is a text, but the model has no tokenizer; give token ids instead`);
}
