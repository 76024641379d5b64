import { didYouMean } from '../../base/suggest.ts';
import { showValue } from '../../config/show-value.ts';

/** How far the training of a tokenizer has come. */
export type TrainingProgress =
  | {
      readonly status: 'counting';
      /** UTF-16 code units of the text read so far. */
      readonly loaded: number;
    }
  | {
      readonly status: 'merging';
      /** Tokens so far. */
      readonly loaded: number;
      /** Tokens wanted. */
      readonly total: number;
    };

/** What can stop a training, and what hears of it. */
export interface TrainingControl {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

export interface CharacterTrainingOptions extends TrainingControl {
  /**
   * Tokens that no text is encoded to unless it has them written out; none twice or empty. Where they are written in the
   * text to train on, it is cut. The first stands between texts: `bos_token` and `eos_token`.
   */
  readonly specialTokens?: readonly string[] | undefined;
  /** One of `specialTokens` that comes behind each text, as in sources of encoder-decoder models; none unless given. */
  readonly endToken?: string | undefined;
  /** One of `specialTokens` with which other programs fill batches up: `pad_token`; none unless given. */
  readonly padToken?: string | undefined;
}

export interface BpeTrainingOptions extends CharacterTrainingOptions {
  /** Most tokens, special ones and the 256 of the bytes counted. */
  readonly vocabSize: number;
  /** A pair that occurs less often is not merged; 2 unless given. */
  readonly minFrequency?: number | undefined;
}

/** Throws a `TypeError` for an option that is not known. */
export function expectKnownOptions(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`Cannot train a tokenizer: unknown option ${showValue(name)}${didYouMean(name, known)}`);
}

/** Throws a `RangeError` for an end or padding token that is none of the special ones. */
export function expectAmong(
  specialTokens: readonly string[],
  { endToken, padToken }: Pick<CharacterTrainingOptions, 'endToken' | 'padToken'>,
): void {
  for (const [name, token] of Object.entries({ endToken, padToken }))
    if (token !== undefined && !specialTokens.includes(token))
      throw new RangeError(
        `Cannot train a tokenizer: ${name} is ${showValue(token)}, wanted one of specialTokens (${specialTokens.map(showValue).join(', ')})`,
      );
}

/** Throws a `TypeError` or `RangeError` unless the tokens are different whole texts. */
export function expectSpecialTokens(tokens: unknown): void {
  if (!Array.isArray(tokens))
    throw new TypeError(`Cannot train a tokenizer: specialTokens is ${showValue(tokens)}, wanted a list of strings`);
  tokens.forEach((token: unknown, i) => {
    const complain = (wanted: string) => `Cannot train a tokenizer: specialTokens has ${showValue(token)}, ${wanted}`;
    if (typeof token !== 'string') throw new TypeError(complain('wanted strings'));
    if (token === '') throw new RangeError(complain('wanted none that is empty'));
    if (/\p{Surrogate}/u.test(token)) throw new RangeError(complain('which has half a character'));
    if (tokens.indexOf(token) < i) throw new RangeError(complain('twice'));
  });
}

/** Throws a `TypeError` or `RangeError` unless `value` is a whole number of at least `min`; `why` says what needs so many. */
export function expectCount(name: string, value: unknown, min: number, why = ''): void {
  if (Number.isSafeInteger(value) && (value as number) >= min) return;
  const ErrorClass = typeof value === 'number' ? RangeError : TypeError;
  throw new ErrorClass(
    `Cannot train a tokenizer: ${name} is ${showValue(value)}, wanted a whole number of at least ${min}${why}`,
  );
}
