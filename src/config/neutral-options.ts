import type { LengthDecayOption, SequenceBiasOption } from './token-option-readers.ts';
import type { WatermarkOption } from './watermark-option.ts';

/** How sequences are generated: neutral names, every value present and checked, frozen. */
export interface GenerationOptions {
  /** Most tokens to generate. 256 if neither it nor `maxLength` is given; the model's context bounds it in any case. */
  readonly maxNewTokens: number | undefined;
  /** Most tokens of prompt and generated text together, of a target its start counted. Where both limits are given, both hold. */
  readonly maxLength: number | undefined;
  /** Stop tokens are not chosen, and stop strings not seen, before this many tokens. */
  readonly minNewTokens: number;
  /** Like `minNewTokens`, counting the prompt. */
  readonly minLength: number;
  /** Seconds after which generation ends with what it has. */
  readonly maxTime: number | undefined;
  /** 0 is greedy: the likeliest token, the lowest id of equals. */
  readonly temperature: number;
  /** How far a dynamic temperature goes below and above `temperature`; 0 is not dynamic. */
  readonly dynatempRange: number;
  /** Power of the normalized entropy that a dynamic temperature follows. */
  readonly dynatempExponent: number;
  /** Draws from the `topK` likeliest tokens; 0 is all. With `penaltyAlpha` the candidates of contrastive search. */
  readonly topK: number;
  /** Draws from the fewest tokens whose probabilities add up to `topP`; 1 is all. */
  readonly topP: number;
  /** Draws from the tokens at least `minP` times as likely as the likeliest; 0 is all. */
  readonly minP: number;
  /** Draws from the fewest tokens of nearly the expected surprise whose probabilities add up to it; 1 is all. */
  readonly typicalP: number;
  /** Draws from the tokens that are at least this likely; 0 is all. */
  readonly epsilonCutoff: number;
  /** Draws from the tokens that are at least this likely, or less where the entropy is high; 0 is all. */
  readonly etaCutoff: number;
  /** Draws from the tokens whose logits are at most this many standard deviations below the highest; 0 is all. */
  readonly topNSigma: number;
  /** How often all but the least likely of the tokens above `xtcThreshold` are removed; 0 is never. */
  readonly xtcProbability: number;
  /** 0 to 0.5. */
  readonly xtcThreshold: number;
  /** Version of Mirostat, which steers the surprise of the text by its own cut; 0 is off. */
  readonly mirostat: 0 | 1 | 2;
  /** The surprise in bits that Mirostat aims at. */
  readonly mirostatTau: number;
  /** How fast Mirostat learns. */
  readonly mirostatEta: number;
  /** Divides positive and multiplies negative logits of tokens of the prompt and the generated text; 1 is none. */
  readonly repetitionPenalty: number;
  /** Multiplies positive and divides negative logits of the tokens of the source, or of the prompt; 1 is none. */
  readonly encoderRepetitionPenalty: number;
  /** Taken from a token's logit for each time it was generated, −2 to 2; the prompt does not count. */
  readonly frequencyPenalty: number;
  /** Taken once from the logit of each token that was generated, −2 to 2; the prompt does not count. */
  readonly presencePenalty: number;
  /** DRY: a token that would go on with a repetition of n tokens loses multiplier · base^(n − allowedLength); 0 is off. */
  readonly dryMultiplier: number;
  readonly dryBase: number;
  /** Repetitions of fewer tokens than this may be gone on with for nothing. */
  readonly dryAllowedLength: number;
  /** How many of the latest tokens are searched for repetitions; undefined is all. */
  readonly dryPenaltyLastN: number | undefined;
  /** No repetition goes past a token that holds one of these. */
  readonly drySequenceBreakers: readonly string[];
  /** No n-gram of this size comes twice in prompt and generated text; 0 is off. */
  readonly noRepeatNgramSize: number;
  /** No n-gram of this size of the source, or of the prompt, is generated; 0 is off. */
  readonly encoderNoRepeatNgramSize: number;
  /** Sequences of tokens that are not generated. */
  readonly badWordsIds: readonly (readonly number[])[];
  /** Words that are not generated, at the beginning of the text or after a space. */
  readonly badWords: readonly string[];
  /** Added to the logits of tokens, by id, −100 to 100. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Added to the logit of the token that would complete a sequence. */
  readonly sequenceBias: readonly SequenceBiasOption[];
  /** The only tokens that are generated; undefined is all. */
  readonly allowedTokenIds: readonly number[] | undefined;
  /** Tokens that are not generated. */
  readonly suppressTokens: readonly number[];
  /** Tokens that are not generated first. */
  readonly beginSuppressTokens: readonly number[];
  /** What a target begins with, before its first token, in models with an encoder; undefined is what config.json says. */
  readonly decoderStartTokenId: number | undefined;
  /** The first token that is generated after a prompt of one token, as the start of a target is. */
  readonly forcedBosTokenId: number | undefined;
  /** One of these is the last token where the length limit ends the text. */
  readonly forcedEosTokenId: readonly number[];
  /** How stop tokens get likelier with the length. */
  readonly exponentialDecayLengthPenalty: LengthDecayOption | undefined;
  /** Classifier-free guidance: how far the text keeps to the prompt; 1 is none. */
  readonly guidanceScale: number;
  /** What guidance moves away from, as text; without it and `negativePromptIds` the last token of the prompt. */
  readonly negativePrompt: string | undefined;
  /** What guidance moves away from, as token ids. */
  readonly negativePromptIds: readonly number[] | undefined;
  /** Makes the text recognizable for `detectWatermark`. */
  readonly watermark: WatermarkOption | undefined;
  /** Makes NaN 0 and +∞ the largest number, rather than refusing such logits. */
  readonly removeInvalidValues: boolean;
  /** Makes log probabilities of what the processors leave. */
  readonly renormalizeLogits: boolean;
  /** Names of the processors in the order they run in; undefined is `PROCESSOR_ORDER`. */
  readonly processorOrder: readonly string[] | undefined;
  /** How many sequences are returned. */
  readonly numReturnSequences: number;
  /** How many are drawn, of which the likeliest are returned; undefined is as many as are returned. */
  readonly bestOf: number | undefined;
  /** Above 1: beam search, with so many beams. */
  readonly numBeams: number;
  /** Groups of beams that are kept apart by `diversityPenalty`. */
  readonly numBeamGroups: number;
  /** Taken from the score of a token for each beam of an earlier group that chose it. */
  readonly diversityPenalty: number;
  /** Power of the length that the score of a beam is divided by; above 0 longer ones are preferred. */
  readonly lengthPenalty: number;
  /** true ends beam search with enough finished beams, false when better ones are unlikely, 'never' when impossible. */
  readonly earlyStopping: boolean | 'never';
  /** Above 0: contrastive search among `topK` candidates, and how much likeness to the text before counts against one. */
  readonly penaltyAlpha: number;
  /** Most tokens guessed at once by looking up how the text went on before; 0 is off. */
  readonly promptLookupNumTokens: number;
  /** Longest ending of the text that is looked up. */
  readonly maxMatchingNgramSize: number;
  /** Most tokens that a draft model guesses at once. */
  readonly numDraftTokens: number;
  /** Whether drafts get shorter where few guesses are right, and longer again. */
  readonly adaptDraftLength: boolean;
  /** 'exact': the result is that without a draft. 'rejection': it is as likely, more guesses hold. */
  readonly draftAcceptance: 'exact' | 'rejection';
  /** Generation ends when the text comes to hold one of these; the text given out ends before it. */
  readonly stopStrings: readonly string[];
  /** Generation ends after one of these; it adds no text. End-of-text tokens are among them. */
  readonly stopTokenIds: readonly number[];
  /** Of the random draws; undefined draws a seed, which the result reports. */
  readonly seed: number | undefined;
  /** undefined: no log probabilities; else those of each chosen token and of this many likeliest tokens. */
  readonly logProbs: number | undefined;
}

/** What holds where nobody says anything. */
export const NEUTRAL_OPTIONS: GenerationOptions = Object.freeze({
  ...{ maxNewTokens: 256, maxLength: undefined, minNewTokens: 0, minLength: 0, maxTime: undefined },
  ...{ temperature: 0, dynatempRange: 0, dynatempExponent: 1 },
  ...{ topK: 0, topP: 1, minP: 0, typicalP: 1, epsilonCutoff: 0, etaCutoff: 0, topNSigma: 0 },
  ...{ xtcProbability: 0, xtcThreshold: 0.1 },
  ...{ mirostat: 0, mirostatTau: 5, mirostatEta: 0.1 },
  ...{ repetitionPenalty: 1, encoderRepetitionPenalty: 1, frequencyPenalty: 0, presencePenalty: 0 },
  ...{ dryMultiplier: 0, dryBase: 1.75, dryAllowedLength: 2, dryPenaltyLastN: undefined },
  drySequenceBreakers: Object.freeze(['\n', ':', '"', '*']),
  ...{ noRepeatNgramSize: 0, encoderNoRepeatNgramSize: 0 },
  ...{ badWordsIds: Object.freeze([]), badWords: Object.freeze([]) },
  ...{ logitBias: new Map(), sequenceBias: Object.freeze([]) },
  ...{ allowedTokenIds: undefined, suppressTokens: Object.freeze([]), beginSuppressTokens: Object.freeze([]) },
  ...{ decoderStartTokenId: undefined, forcedBosTokenId: undefined, forcedEosTokenId: Object.freeze([]) },
  exponentialDecayLengthPenalty: undefined,
  ...{ guidanceScale: 1, negativePrompt: undefined, negativePromptIds: undefined },
  ...{ watermark: undefined, removeInvalidValues: false, renormalizeLogits: false, processorOrder: undefined },
  ...{ numReturnSequences: 1, bestOf: undefined },
  ...{ numBeams: 1, numBeamGroups: 1, diversityPenalty: 0, lengthPenalty: 1, earlyStopping: false },
  penaltyAlpha: 0,
  ...{ promptLookupNumTokens: 0, maxMatchingNgramSize: 2 },
  ...{ numDraftTokens: 5, adaptDraftLength: true, draftAcceptance: 'exact' },
  ...{ stopStrings: Object.freeze([]), stopTokenIds: Object.freeze([]) },
  ...{ seed: undefined, logProbs: undefined },
});

/** Options that remove tokens from the tail of the distribution before one is drawn. */
export const CUT_OPTIONS = [
  'topP',
  'minP',
  'typicalP',
  'epsilonCutoff',
  'etaCutoff',
  'topNSigma',
  'xtcProbability',
] as const satisfies readonly (keyof GenerationOptions)[];
