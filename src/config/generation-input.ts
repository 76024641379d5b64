/**
 * Generation options as users write them. Every name may also be written in snake case, so that the names of Hugging Face
 * Transformers (`max_new_tokens`, `do_sample`), of OpenAI (`max_completion_tokens`, `stop`, `top_logprobs`) and of vLLM
 * (`min_tokens`, `ignore_eos`) work as they are. `null` means absent. `GenerationOptions` says what each one does.
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
  /** false is temperature 0; true is temperature 1 where nobody gives one. */
  readonly doSample?: Maybe<boolean>;
  readonly temperature?: Maybe<number>;
  readonly topK?: Maybe<number>;
  readonly topP?: Maybe<number>;
  readonly minP?: Maybe<number>;
  readonly repetitionPenalty?: Maybe<number>;
  readonly frequencyPenalty?: Maybe<number>;
  readonly presencePenalty?: Maybe<number>;
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
  /** Only 1 so far. */
  readonly n?: Maybe<number>;
}

type Maybe<Value> = Value | null | undefined;

type SnakeCase<Name extends string> = Name extends `${infer Head}${infer Rest}`
  ? Rest extends Uncapitalize<Rest>
    ? `${Lowercase<Head>}${SnakeCase<Rest>}`
    : `${Lowercase<Head>}_${SnakeCase<Rest>}`
  : Name;
