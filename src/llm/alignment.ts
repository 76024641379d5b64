import type { CrossAttentions } from '../models/cross-attentions.ts';
import type { TokenAttentions } from './transduction.ts';
import type { WordSpan } from './word-spans.ts';

/** Which heads are looked at. */
export interface HeadChoice {
  /** The last but one unless given, whose heads align best as a rule (Garg et al. 2019); `'all'` is the mean of all layers. */
  readonly layer?: number | 'all' | undefined;
  /** All of the layer unless given. */
  readonly heads?: readonly number[] | undefined;
}

/** Tokens, or words, that belong together: the part of the source that a part of the target looks at most. */
export interface Alignment {
  readonly target: number;
  readonly source: number;
  /** Of the target's attention, from 0 to 1. */
  readonly weight: number;
}

/** Words that belong together. */
export interface WordAlignment {
  readonly target: WordSpan;
  readonly source: WordSpan;
  readonly weight: number;
}

/**
 * The mean of the chosen heads' maps (targets · sources), row-major. Throws a `RangeError` for a layer or head that is not there.
 *
 * @example
 * const { attentions } = await llm.translate('Good morning', { to: 'fr', attentions: true });
 * meanAttention(attentions, { layer: 4, heads: [0, 3] });
 */
export function meanAttention(
  { weights, numTargets, numSources }: CrossAttentions,
  choice: HeadChoice = {},
): Float32Array {
  const { layer = Math.max(0, weights.length - 2) } = choice;
  const layers = layer === 'all' ? weights : [at(weights, layer, 'layer')];
  const maps = layers.flatMap((heads) => choice.heads?.map((head) => at(heads, head, 'head')) ?? heads);
  const mean = new Float32Array(numTargets * numSources);
  for (let i = 0; i < mean.length; i++) mean[i] = maps.reduce((sum, map) => sum + map[i]!, 0) / maps.length;
  return mean;
}

/** For each token of the target the token of the source that the chosen heads look at most. */
export function alignTokens(attentions: CrossAttentions, choice: HeadChoice = {}): readonly Alignment[] {
  const mean = meanAttention(attentions, choice);
  const tokens = (count: number) => Array.from({ length: count }, (_, i) => ({ start: i, end: i + 1 }));
  return align(mean, attentions.numSources, tokens(attentions.numTargets), tokens(attentions.numSources));
}

/**
 * For each word of the target the word of the source that its tokens look at most, with the chosen heads; none for a source
 * without words. Special tokens are no words.
 *
 * @example
 * for (const { source, target } of alignWords(attentions)) console.log(`${source.text} → ${target.text}`);
 */
export function alignWords(attentions: TokenAttentions, choice: HeadChoice = {}): readonly WordAlignment[] {
  const { sourceWords, targetWords, numSources } = attentions;
  if (sourceWords.length === 0) return [];
  return align(meanAttention(attentions, choice), numSources, targetWords, sourceWords).map(
    ({ target, source, weight }) => ({ target: targetWords[target]!, source: sourceWords[source]!, weight }),
  );
}

type Span = Pick<WordSpan, 'start' | 'end'>;

function align(
  mean: Float32Array,
  numSources: number,
  targets: readonly Span[],
  sources: readonly Span[],
): readonly Alignment[] {
  return targets.map((target, i) => {
    const weights = sources.map((source) => share(mean, numSources, target, source));
    const weight = Math.max(...weights);
    return { target: i, source: weights.indexOf(weight), weight };
  });
}

/** How much of its attention a part of the target gives to a part of the source. */
function share(mean: Float32Array, numSources: number, target: Span, source: Span): number {
  let sum = 0;
  for (let row = target.start; row < target.end; row++)
    for (let column = source.start; column < source.end; column++) sum += mean[row * numSources + column]!;
  return sum / (target.end - target.start);
}

function at<Value>(values: readonly Value[], index: number, what: string): Value {
  const value = values[index];
  if (value !== undefined) return value;
  throw new RangeError(`Cannot choose ${what} ${index} of attentions: wanted 0 to ${values.length - 1}`);
}
