import type { GenerationResult } from '../src/decoding/generation-output.ts';
import type { Continuation, Hypothesis, SearchStrategy } from '../src/decoding/search-strategy.ts';
import { TokenSequence } from '../src/decoding/token-sequence.ts';
import type { EngineRequest } from '../src/engine/request.ts';
import { guide } from '../src/sampling/guidance.ts';
import { hashHidden, hashLogits, mix } from './hash-model.ts';

export interface FakeSearchOptions {
  readonly maxNewTokens: number;
  /** Most sequences at once; 1 unless given. */
  readonly width?: number | undefined;
  /** Whether a token that comes now and then ends a sequence early. */
  readonly stops?: boolean | undefined;
  /** Lets the choice of tokens depend on all hidden states. */
  readonly needsHidden?: boolean | undefined;
  /** Samples want to know so many of the likeliest tokens alone, or as many as they choose among. */
  readonly numLikeliest?: number | undefined;
  /** Hears of each token before the engine does. */
  readonly onToken?: ((tokenId: number) => void) | undefined;
}

/** Samples choose among so many likeliest tokens. */
const NUM_RANKS = 3;

function isFinished(tokenIds: readonly number[], { maxNewTokens, stops }: FakeSearchOptions): boolean {
  return tokenIds.length >= maxNewTokens || (stops === true && tokenIds.at(-1) === 0 && tokenIds.length % 7 === 0);
}

/** Several samples of one prompt, the first of them greedy; drafts are accepted as far as they are what is chosen anyway. */
export class SampleSearch implements SearchStrategy {
  readonly maxHypotheses: number;
  readonly needsHidden: boolean;
  readonly numLikeliest: number | undefined;
  readonly #samples: readonly Sample[];
  #alive: readonly Sample[] | undefined;
  /** Drafted tokens that were accepted. */
  numAccepted = 0;

  constructor(options: FakeSearchOptions) {
    const { maxNewTokens, width = 1, needsHidden = false, numLikeliest } = options;
    this.maxHypotheses = width;
    this.numLikeliest = numLikeliest && Math.max(numLikeliest, width > 1 || needsHidden ? NUM_RANKS : 1);
    this.needsHidden = needsHidden;
    // Samples end at different times.
    const optionsOf = (i: number) => ({ ...options, maxNewTokens: Math.max(1, maxNewTokens - i) });
    this.#samples = Array.from({ length: width }, (_, i) => new Sample(i, optionsOf(i)));
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    const parentOf = (i: number) => (this.#alive === undefined ? 0 : i);
    const steps = (this.#alive ?? this.#samples).map((sample, i) => {
      const tokenIds = sample.advance(hypotheses[parentOf(i)]!);
      this.numAccepted += tokenIds.length - 1;
      return { sample, parent: parentOf(i), tokenIds };
    });
    spoil(hypotheses);
    this.#alive = steps.flatMap(({ sample }) => (sample.isFinished ? [] : [sample]));
    return steps.map(({ sample, parent, tokenIds }) => ({ parent, tokenIds, isLast: sample.isFinished }));
  }

  finish(): boolean {
    for (const sample of this.#samples) sample.isFinished = true;
    return this.#alive === undefined;
  }

  results(): readonly GenerationResult[] {
    return this.#samples.map(({ tokenIds, heard }) => resultOf(tokenIds, heard.digest));
  }
}

class Sample {
  readonly tokenIds: number[] = [];
  readonly heard = new HeardHidden();
  isFinished = false;
  readonly #index: number;
  readonly #options: FakeSearchOptions;

  constructor(index: number, options: FakeSearchOptions) {
    this.#index = index;
    this.#options = options;
  }

  advance({ sequence, rows, likeliest, draft, hidden }: Hypothesis): readonly number[] {
    const chosen: number[] = [];
    let offset = this.heard.listen(hidden, 0, sequence.position);
    for (let i = 0; i < (likeliest ?? rows).length; i++) {
      const ranked = likeliest === undefined ? ranking(rows[i]!) : [...likeliest[i]!.tokenIds];
      const tokenId = ranked[this.#rankAt(sequence.position + i)]!;
      chosen.push(tokenId);
      this.#add(tokenId);
      if (this.isFinished || draft?.tokenIds[i] !== tokenId) break;
      offset = this.heard.listen(hidden, offset, sequence.position + i + 1);
    }
    return chosen;
  }

  #rankAt(position: number): number {
    const { digest } = this.heard;
    return this.#index === 0 && digest === 0 ? 0 : mix(mix(digest, position), this.#index) % NUM_RANKS;
  }

  #add(tokenId: number): void {
    this.tokenIds.push(tokenId);
    this.isFinished ||= isFinished(this.tokenIds, this.#options);
    this.#options.onToken?.(tokenId);
  }
}

interface Branch {
  readonly tokenIds: readonly number[];
  readonly heard: HeardHidden;
  /** A hash of every row it has come from. */
  readonly digest: number;
}

/**
 * Sequences that have several children or none and change places, as their logits will have it: everything that a beam search
 * may do. It looks at no draft.
 */
export class ForkingSearch implements SearchStrategy {
  readonly maxHypotheses: number;
  readonly needsHidden: boolean;
  readonly #options: FakeSearchOptions;
  readonly #finished: Branch[] = [];
  #branches: readonly Branch[] = [{ tokenIds: [], heard: new HeardHidden(), digest: 1 }];
  #hasStarted = false;

  constructor(options: FakeSearchOptions) {
    this.#options = options;
    this.maxHypotheses = options.width ?? 1;
    this.needsHidden = options.needsHidden ?? false;
  }

  advance(hypotheses: readonly Hypothesis[]): readonly Continuation[] {
    this.#hasStarted = true;
    const children = hypotheses.flatMap((hypothesis, parent) => this.#children(hypothesis, parent));
    spoil(hypotheses);
    const best = children.sort((a, b) => a.branch.digest - b.branch.digest).slice(0, this.maxHypotheses);
    const going = best.filter(({ branch }) => !this.#finish(branch));
    this.#branches = going.map(({ branch }) => branch);
    return going.map(({ parent, branch }) => ({ parent, tokenIds: branch.tokenIds.slice(-1) }));
  }

  finish(): boolean {
    return !this.#hasStarted;
  }

  results(): readonly GenerationResult[] {
    return this.#finished.map(({ tokenIds, digest }) => resultOf(tokenIds, digest));
  }

  /** One at least of the first hypothesis, so that the search goes on. */
  #children({ sequence, rows, hidden }: Hypothesis, parent: number) {
    const { tokenIds, heard, digest: old } = this.#branches[parent]!;
    const hears = heard.copy();
    hears.listen(hidden, 0, sequence.position);
    const digest = [...rows[0]!].reduce((sum, logit) => mix(sum, logit * 2 ** 20), mix(old, hears.digest));
    const numChildren = Math.max(digest % 4, parent === 0 ? 1 : 0);
    return ranking(rows[0]!)
      .slice(0, numChildren)
      .map((tokenId) => {
        this.#options.onToken?.(tokenId);
        const branch = { tokenIds: [...tokenIds, tokenId], heard: hears.copy(), digest: mix(digest, tokenId) };
        return { parent, branch };
      });
  }

  #finish(branch: Branch): boolean {
    const isOver = isFinished(branch.tokenIds, this.#options);
    if (isOver) this.#finished.push(branch);
    return isOver;
  }
}

/** What a sequence has been told of hidden states: each of its tokens' must come once, in order. */
class HeardHidden {
  /** A hash of all; 0 as long as there are none. */
  digest = 0;
  #numHeard = 0;

  /** Takes those up to a position from `offset` on; gives the offset of the next. */
  listen(hidden: Float32Array | undefined, offset: number, position: number): number {
    if (hidden === undefined) return 0;
    const end = offset + (position - this.#numHeard) * hashHidden([0]).length;
    if (hidden.length < end) throw new RangeError(`Too few hidden states: ${hidden.length} numbers, wanted ${end}`);
    for (const value of hidden.subarray(offset, end)) this.digest = mix(this.digest, value);
    this.#numHeard = position;
    return end;
  }

  copy(): HeardHidden {
    const copy = new HeardHidden();
    copy.digest = this.digest;
    copy.#numHeard = this.#numHeard;
    return copy;
  }
}

/** What a search finds by itself: a loop over logits that know no cache, no batch and no draft. */
export function decodeAlone(
  request: Pick<EngineRequest, 'promptIds' | 'sourceIds' | 'search' | 'guidance'>,
): readonly GenerationResult[] {
  const { promptIds, sourceIds, search, guidance } = request;
  let sequences = [{ tokens: new TokenSequence(promptIds, [], sourceIds), numSeen: 0 }];
  while (sequences.length > 0) {
    const hypotheses = sequences.map(({ tokens, numSeen }) => {
      const row = hashLogits(tokens.tokenIds, sourceIds);
      if (guidance !== undefined)
        guide(row, hashLogits([...guidance.promptIds, ...tokens.generatedIds], guidance.sourceIds), guidance.scale);
      const hidden = search.needsHidden ? hiddenFrom(tokens, numSeen) : undefined;
      return { sequence: tokens, rows: [row], draft: undefined, hidden };
    });
    const going = search.advance(hypotheses).filter(({ isLast }) => !isLast);
    sequences = going.map(({ parent, tokenIds }) => {
      const { promptIds: prompt, generatedIds, position } = sequences[parent]!.tokens;
      return { tokens: new TokenSequence(prompt, [...generatedIds, ...tokenIds], sourceIds), numSeen: position };
    });
  }
  return search.results();
}

function hiddenFrom({ tokenIds, sourceIds }: TokenSequence, start: number): Float32Array {
  const ends = tokenIds.slice(start).map((_, i) => start + i + 1);
  return Float32Array.from(ends.flatMap((end) => [...hashHidden(tokenIds.slice(0, end), sourceIds)]));
}

/** Token ids, the likeliest first. */
function ranking(row: Float32Array): number[] {
  if (row.some(Number.isNaN)) throw new RangeError('A row of logits was given twice');
  return [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b);
}

/** Rows belong to the search until it returns: nobody may read them afterwards. */
function spoil(hypotheses: readonly Hypothesis[]): void {
  for (const { rows } of hypotheses) for (const row of rows) row.fill(Number.NaN);
}

function resultOf(tokenIds: readonly number[], digest: number): GenerationResult {
  const usage = { promptTokens: 0, completionTokens: tokenIds.length };
  return { tokenIds, text: '', finishReason: 'length', usage, seed: digest };
}
