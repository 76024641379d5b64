import type { GenerationInput } from '../config/generation-input.ts';
import {
  type GenerationDefaults,
  type GenerationOptions,
  parseGenerationOptions,
} from '../config/generation-options.ts';
import { BeamSearch } from '../decoding/beam-search.ts';
import { ContrastiveSearch } from '../decoding/contrastive-search.ts';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import { SamplingSearch, type SearchInput } from '../decoding/sampling-search.ts';
import type { SearchStrategy } from '../decoding/search-strategy.ts';
import { lengthLimits } from '../decoding/stopping.ts';
import type { Drafting, EngineRequest } from '../engine/request.ts';
import { promptLookup } from '../engine/speculative/prompt-lookup.ts';
import { composeProcessors, type ProcessorContext } from '../sampling/compose-processors.ts';
import { drawSeed } from '../sampling/draw-seed.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { badWordIds } from './bad-word-ids.ts';
import { type GenerateOptions, type Prompt, type RunOptions, splitOptions } from './generate-options.ts';
import type { InputReader } from './generation-inputs.ts';
import type { NamedAdapters } from './named-adapters.ts';
import type { TokenSearch } from './token-search.ts';

/** What a loaded model knows that a generation needs. */
export interface GenerationContext {
  /** Of what is generated. */
  readonly tokenizer: Tokenizer | undefined;
  readonly reader: InputReader;
  readonly tokenSearch: TokenSearch | undefined;
  readonly defaults: GenerationDefaults;
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly hasDraftModel: boolean;
  readonly adapters: NamedAdapters;
}

/** A generation that can be handed to the engine. */
export interface PreparedGeneration {
  readonly search: SearchStrategy;
  readonly request: EngineRequest;
}

/**
 * Checks a prompt and its options and makes the engine's request of them. Throws a `TypeError` or `RangeError` for options
 * that cannot be, and for a prompt that leaves no room in the context.
 */
export function prepareGeneration(
  context: GenerationContext,
  prompt: Prompt,
  given: GenerateOptions,
  onToken?: (token: GeneratedToken) => void,
): PreparedGeneration {
  const { run, input } = splitOptions(given);
  const settled = onToken === undefined ? input : withoutModelBeams(input);
  const asked = { ...context.reader.startOf(run), ...settled };
  const options = withWords(parseGenerationOptions(asked, context.defaults), context.tokenizer);
  const { promptIds, sourceIds, textBefore, guidance } = context.reader.read(prompt, run, options);
  const limits = lengthLimits(promptIds.length, context.contextLength, options);
  const maxLength = promptIds.length + limits.max;
  const processorContext = processorContextOf(context, options, run, maxLength);
  const { tokenizer } = context;
  const search = searchFor({
    options,
    limits,
    promptTokens: promptIds.length + (sourceIds?.length ?? 0),
    seed: options.seed ?? drawSeed(),
    chainFor: (seed) => composeProcessors({ ...options, minNewTokens: limits.min }, { ...processorContext, seed }),
    detokenizerFor: () => tokenizer && new Detokenizer(tokenizer, { after: textBefore }),
    acceptance: options.draftAcceptance,
    onToken,
  });
  const request: EngineRequest = {
    promptIds,
    sourceIds,
    search,
    maxLength,
    priority: run.priority,
    maxTime: options.maxTime,
    useCache: run.useCache,
    guidance,
    drafting: draftingOf(context, options, run, search),
    adapter: context.adapters.find(run.adapter, 'generate'),
    signal: run.signal,
  };
  return { search, request };
}

/** A stream wants text that is settled: a model that asks for beams does not have them, unless the user does too. */
function withoutModelBeams(input: GenerationInput): GenerationInput {
  return input.numBeams === undefined && input.num_beams === undefined ? { ...input, numBeams: 1 } : input;
}

function searchFor(input: SearchInput): SearchStrategy {
  const { options, onToken } = input;
  const unsettled = options.numBeams > 1 ? 'numBeams' : options.bestOf !== undefined ? 'bestOf' : undefined;
  if (onToken !== undefined && unsettled !== undefined)
    throw new TypeError(
      `Cannot stream: with ${unsettled} the text is not settled before the end; use generate instead`,
    );
  if (options.numBeams > 1) return new BeamSearch(input);
  if (options.penaltyAlpha > 0) return new ContrastiveSearch(input);
  return new SamplingSearch(input);
}

/** The words that options give as text, as token ids. */
function withWords(options: GenerationOptions, tokenizer: Tokenizer | undefined): GenerationOptions {
  if (options.badWords.length === 0) return options;
  const badWordsIds = [...options.badWordsIds, ...badWordIds(require(tokenizer, 'badWords'), options.badWords)];
  return { ...options, badWordsIds };
}

function processorContextOf(
  { tokenSearch, vocabSize }: GenerationContext,
  options: GenerationOptions,
  { logitsProcessors, prefixAllowedTokens }: RunOptions,
  maxLength: number,
): Omit<ProcessorContext, 'seed'> {
  const isDry = options.dryMultiplier > 0;
  const drySequenceBreakerIds = isDry ? tokenSearch?.tokensWith(options.drySequenceBreakers) : undefined;
  return { maxLength, vocabSize, logitsProcessors, prefixAllowedTokens, drySequenceBreakerIds };
}

/** Guesses come from the user's proposer, from the text so far, or from the draft model that was loaded, if any. */
function draftingOf(
  { hasDraftModel }: GenerationContext,
  options: GenerationOptions,
  { draftProposer }: RunOptions,
  search: SearchStrategy,
): Drafting | undefined {
  const { promptLookupNumTokens, maxMatchingNgramSize, numDraftTokens, adaptDraftLength, draftAcceptance } = options;
  const isLookup = draftProposer === undefined && promptLookupNumTokens > 0;
  if (draftProposer === undefined && !isLookup && !hasDraftModel) return undefined;
  if (!(search instanceof SamplingSearch) || options.guidanceScale !== 1) {
    if (draftProposer === undefined) return undefined;
    throw new TypeError('Cannot generate: draftProposer goes with sampling and greedy decoding only, without guidance');
  }
  return {
    proposer: isLookup ? promptLookup(maxMatchingNgramSize) : draftProposer,
    maxTokens: isLookup ? promptLookupNumTokens : numDraftTokens,
    adaptLength: adaptDraftLength,
    acceptance: draftAcceptance,
    chooserFor: (sequence) => search.draftChooser(sequence),
  };
}

function require(tokenizer: Tokenizer | undefined, option: string): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new TypeError(`Cannot generate: ${option} is a text, but the model has no tokenizer; give token ids instead`);
}
