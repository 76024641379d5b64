import type { GenerationOptions } from '../config/neutral-options.ts';
import type { TokenOptions } from './check-token-options.ts';
import { type ProcessorName, type ProcessorStep, VALUE_PROCESSORS } from './processor-order.ts';
import { ShortChain } from './short-chain.ts';

type Options = TokenOptions &
  Pick<GenerationOptions, 'topK' | 'noRepeatNgramSize' | 'stopTokenIds' | 'removeInvalidValues'>;

interface Context {
  /** The total length at which generation ends. */
  readonly maxLength: number;
  readonly vocabSize: number;
}

/** What a processor does to a row whose logits it does not look at. */
interface Reach {
  /** Most tokens that it lowers or removes. */
  readonly numLowered: number;
  /** Tokens that it may leave alone, with logits of its own. */
  readonly forcedIds?: readonly number[];
}

/** Processors of which that is known. */
const REACHES: { readonly [Name in ProcessorName]?: (options: Options, context: Context) => Reach } = {
  // Each token of the text but the first ones ends an n-gram.
  noRepeatNgram: ({ noRepeatNgramSize }, { maxLength }) => ({ numLowered: Math.max(0, maxLength - noRepeatNgramSize) }),
  badWords: ({ badWordsIds }) => ({ numLowered: badWordsIds.length }),
  minNewTokens: ({ stopTokenIds }) => ({ numLowered: stopTokenIds.length }),
  forcedBos: ({ forcedBosTokenId: id }) => ({ numLowered: 0, forcedIds: id === undefined ? [] : [id] }),
  forcedEos: ({ forcedEosTokenId: forcedIds }) => ({ numLowered: 0, forcedIds }),
  suppressTokens: ({ suppressTokens }) => ({ numLowered: suppressTokens.length }),
  beginSuppressTokens: ({ beginSuppressTokens }) => ({ numLowered: beginSuppressTokens.length }),
};

/** The chain of `steps` over the likeliest tokens of a row; undefined where they are not enough. */
export function shortChainOf(
  steps: readonly ProcessorStep[],
  options: Options,
  context: Context,
): ShortChain | undefined {
  const place = steps.findIndex(({ name }) => name === 'topK');
  const [before, after] = place < 0 ? [steps, []] : [steps.slice(0, place), steps.slice(place + 1)];
  if (options.removeInvalidValues || !after.every(({ name }) => VALUE_PROCESSORS.has(name))) return undefined;
  const reaches: Reach[] = [];
  for (const { name } of before) {
    const reach = REACHES[name]?.(options, context);
    if (reach === undefined) return undefined;
    reaches.push(reach);
  }
  return new ShortChain({
    processors: before.map(({ process }) => process),
    numLowered: reaches.reduce((sum, { numLowered }) => sum + numLowered, 0),
    forcedIds: reaches.flatMap(({ forcedIds }) => forcedIds ?? []),
    topK: place < 0 ? undefined : options.topK,
    filters: after.map(({ process }) => process),
    vocabSize: context.vocabSize,
  });
}
