import type { LengthDecayOption, SequenceBiasOption } from './token-option-readers.ts';
import type { WatermarkOption } from './watermark-option.ts';

/**
 * Generation options as users write them. Every name may also be written in snake case, so that the names of Hugging Face
 * Transformers (`max_new_tokens`, `do_sample`), of OpenAI (`max_completion_tokens`, `stop`, `top_logprobs`), of vLLM
 * (`min_tokens`, `ignore_eos`) and of llama.cpp (`dry_multiplier`, `mirostat`) work as they are. `null` means absent.
 * `GenerationOptions` says what each one does.
 */
export type GenerationInput = CamelCaseInput & {
  readonly [Name in keyof CamelCaseInput as SnakeCase<Name>]?: CamelCaseInput[Name];
};

interface CamelCaseInput {
  readonly maxNewTokens?: Maybe<number>;
  readonly maxTokens?: Maybe<number>;
  readonly maxCompletionTokens?: Maybe<number>;
  readonly maxLength?: Maybe<number>;
  readonly minNewTokens?: Maybe<number>;
  readonly minTokens?: Maybe<number>;
  readonly minLength?: Maybe<number>;
  /** Seconds. */
  readonly maxTime?: Maybe<number>;
  /** false is temperature 0; true is temperature 1 where nobody gives one. */
  readonly doSample?: Maybe<boolean>;
  readonly temperature?: Maybe<number>;
  readonly dynatempRange?: Maybe<number>;
  readonly dynatempExponent?: Maybe<number>;
  readonly topK?: Maybe<number>;
  readonly topP?: Maybe<number>;
  readonly minP?: Maybe<number>;
  readonly typicalP?: Maybe<number>;
  readonly typical?: Maybe<number>;
  readonly epsilonCutoff?: Maybe<number>;
  readonly etaCutoff?: Maybe<number>;
  readonly topNSigma?: Maybe<number>;
  readonly xtcProbability?: Maybe<number>;
  readonly xtcThreshold?: Maybe<number>;
  readonly mirostat?: Maybe<0 | 1 | 2>;
  readonly mirostatTau?: Maybe<number>;
  readonly mirostatEta?: Maybe<number>;
  readonly repetitionPenalty?: Maybe<number>;
  readonly encoderRepetitionPenalty?: Maybe<number>;
  readonly frequencyPenalty?: Maybe<number>;
  readonly presencePenalty?: Maybe<number>;
  readonly dryMultiplier?: Maybe<number>;
  readonly dryBase?: Maybe<number>;
  readonly dryAllowedLength?: Maybe<number>;
  readonly dryPenaltyLastN?: Maybe<number>;
  readonly drySequenceBreakers?: Maybe<string | readonly string[]>;
  readonly noRepeatNgramSize?: Maybe<number>;
  readonly encoderNoRepeatNgramSize?: Maybe<number>;
  readonly badWordsIds?: Maybe<readonly (readonly number[])[]>;
  readonly badWords?: Maybe<string | readonly string[]>;
  /** By token id; the keys of an object may be strings, as in JSON. */
  readonly logitBias?: Maybe<Readonly<Record<string, number>> | ReadonlyMap<number, number>>;
  readonly sequenceBias?: Maybe<readonly (SequenceBiasOption | readonly [tokenIds: readonly number[], bias: number])[]>;
  readonly allowedTokenIds?: Maybe<number | readonly number[]>;
  readonly suppressTokens?: Maybe<number | readonly number[]>;
  readonly beginSuppressTokens?: Maybe<number | readonly number[]>;
  readonly decoderStartTokenId?: Maybe<number>;
  readonly forcedBosTokenId?: Maybe<number>;
  readonly forcedEosTokenId?: Maybe<number | readonly number[]>;
  readonly exponentialDecayLengthPenalty?: Maybe<LengthDecayOption | readonly [start: number, factor: number]>;
  readonly guidanceScale?: Maybe<number>;
  readonly negativePrompt?: Maybe<string>;
  readonly negativePromptIds?: Maybe<readonly number[]>;
  /** The settings that are left out are Hugging Face's. */
  readonly watermark?: Maybe<WatermarkInput>;
  readonly watermarkingConfig?: Maybe<WatermarkInput>;
  readonly removeInvalidValues?: Maybe<boolean>;
  readonly renormalizeLogits?: Maybe<boolean>;
  readonly processorOrder?: Maybe<readonly string[]>;
  readonly numReturnSequences?: Maybe<number>;
  readonly n?: Maybe<number>;
  readonly bestOf?: Maybe<number>;
  readonly numBeams?: Maybe<number>;
  readonly numBeamGroups?: Maybe<number>;
  readonly diversityPenalty?: Maybe<number>;
  readonly lengthPenalty?: Maybe<number>;
  readonly earlyStopping?: Maybe<boolean | 'never'>;
  readonly penaltyAlpha?: Maybe<number>;
  readonly promptLookupNumTokens?: Maybe<number>;
  readonly maxMatchingNgramSize?: Maybe<number>;
  readonly numDraftTokens?: Maybe<number>;
  readonly numAssistantTokens?: Maybe<number>;
  readonly adaptDraftLength?: Maybe<boolean>;
  readonly draftAcceptance?: Maybe<'exact' | 'rejection'>;
  readonly stopStrings?: Maybe<string | readonly string[]>;
  readonly stop?: Maybe<string | readonly string[]>;
  /** Replaces the end-of-text tokens of generation_config.json. */
  readonly eosTokenId?: Maybe<number | readonly number[]>;
  /** Stops at these tokens too, beside the end-of-text tokens. */
  readonly stopTokenIds?: Maybe<number | readonly number[]>;
  /** Generates past the end-of-text tokens. */
  readonly ignoreEos?: Maybe<boolean>;
  readonly seed?: Maybe<number>;
  /** true for the chosen token alone, or the number of likeliest tokens to list with it. */
  readonly logProbs?: Maybe<boolean | number>;
  readonly logprobs?: Maybe<boolean | number>;
  readonly topLogProbs?: Maybe<number>;
  readonly topLogprobs?: Maybe<number>;
}

type WatermarkInput = Partial<WatermarkOption> & {
  readonly [Name in keyof WatermarkOption as SnakeCase<Name>]?: WatermarkOption[Name];
};

type Maybe<Value> = Value | null | undefined;

type SnakeCase<Name extends string> = Name extends `${infer Head}${infer Rest}`
  ? Rest extends Uncapitalize<Rest>
    ? `${Lowercase<Head>}${SnakeCase<Rest>}`
    : `${Lowercase<Head>}_${SnakeCase<Rest>}`
  : Name;
