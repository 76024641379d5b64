import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAlone, ForkingSearch, SampleSearch } from '../../test/fake-searches.ts';
import { HashModel, mix, SOURCE_VOCAB_SIZE, VOCAB_SIZE } from '../../test/hash-model.ts';
import type { GenerationResult } from '../decoding/generation-output.ts';
import type { SequenceView } from '../sampling/sequence-view.ts';
import { Engine } from './engine.ts';
import { blocksNeeded } from './job.ts';
import type { Drafting, EngineRequest, Guidance, RequestReport } from './request.ts';
import { DraftModel } from './speculative/draft-model.ts';

/** A request, before the engine knows it. */
interface Plan {
  readonly promptIds: readonly number[];
  /** What it attends to where the model has an encoder. */
  readonly sourceIds: readonly number[];
  readonly kind: 'sample' | 'fork';
  readonly width: number;
  readonly maxNewTokens: number;
  readonly needsHidden: boolean;
  readonly numLikeliest: number | undefined;
  readonly guidance: Guidance | undefined;
  readonly drafting: DraftingPlan | undefined;
  readonly priority: number;
  readonly useCache: boolean;
  /** When it comes, and how much later it is aborted: in moments. */
  readonly arrival: number;
  readonly patience: number | undefined;
}

interface DraftingPlan {
  readonly by: 'model' | 'lookup' | 'async lookup';
  readonly maxTokens: number;
  /** How often a lookup is right, in eighths. */
  readonly skill: number;
  /** Lengths depend on the time then: such a failure may not come again. */
  readonly adaptLength: boolean;
}

interface Round {
  readonly hasEncoder: boolean;
  readonly plans: readonly Plan[];
  /** Without wide requests the cache can be so small that many lose theirs. */
  readonly mostWidth: number;
  /** What the engine has beyond the least that serves every request. */
  readonly spareBlocks: number;
  readonly spareSequences: number;
  readonly spareTokens: number;
  readonly draftBlocks: number;
}

const tokenId = fc.integer({ min: 1, max: VOCAB_SIZE - 1 });
/** Prompts have long beginnings in common. */
const promptIds = fc
  .tuple(fc.constantFrom(3, 5), fc.constantFrom(0, 0, 9, 40), fc.array(tokenId, { minLength: 1, maxLength: 20 }))
  .map(([stem, length, tail]) => [...Array.from({ length }, (_, i) => mix(stem, i >> 3) % VOCAB_SIZE), ...tail]);
/** Sources come several times. */
const sourceIds = fc.oneof(
  fc
    .constantFrom(1, 15, 16, 33, 60)
    .map((length) => Array.from({ length }, (_, i) => mix(length, i) % SOURCE_VOCAB_SIZE)),
  fc.array(fc.nat({ max: SOURCE_VOCAB_SIZE - 1 }), { minLength: 1, maxLength: 40 }),
);
const sometimes = <Value>(percent: number, value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 100 - percent, arbitrary: fc.constant(undefined) }, { weight: percent, arbitrary: value });
const plans: fc.Arbitrary<Plan> = fc.record({
  promptIds,
  sourceIds,
  kind: fc.constantFrom('sample', 'sample', 'fork'),
  width: fc.constantFrom(1, 1, 2, 3, 4),
  maxNewTokens: fc.constantFrom(1, 8, 40, 64, 64),
  needsHidden: fc.constantFrom(false, false, false, true),
  // Some want more than there are.
  numLikeliest: fc.constantFrom(undefined, undefined, 1, 1, 3, 5, VOCAB_SIZE + 9),
  guidance: sometimes(
    20,
    fc.record({
      promptIds: fc.array(tokenId, { minLength: 1, maxLength: 30 }),
      sourceIds,
      scale: fc.constantFrom(0.5, 1.5, 3),
    }),
  ),
  drafting: sometimes(
    50,
    fc.record({
      by: fc.constantFrom('model', 'lookup', 'async lookup'),
      maxTokens: fc.integer({ min: 1, max: 20 }),
      skill: fc.nat({ max: 8 }),
      adaptLength: fc.constantFrom(false, false, false, true),
    }),
  ),
  priority: fc.constantFrom(0, 0, 0, 1, -1),
  useCache: fc.constantFrom(true, true, true, true, false),
  arrival: fc.oneof(fc.constant(0), fc.nat({ max: 150 })),
  patience: sometimes(30, fc.nat({ max: 60 })),
});
const rounds: fc.Arbitrary<Round> = fc.record({
  hasEncoder: fc.boolean(),
  plans: fc.array(plans, { minLength: 1, maxLength: 30, size: 'max' }),
  mostWidth: fc.constantFrom(1, 1, 2, 4),
  spareBlocks: fc.constantFrom(0, 0, 1, 3, 12),
  spareSequences: fc.constantFrom(0, 2, 8, 20),
  spareTokens: fc.constantFrom(0, 1, 7, 40, 200),
  draftBlocks: fc.constantFrom(2, 6, 40),
});

/** Lets things happen in the middle of others: whoever does something is a moment, and what is due then is done. */
class Moments {
  #now = 0;
  readonly #actions: { readonly at: number; readonly act: () => void }[] = [];

  get hasMore(): boolean {
    return this.#actions.length > 0;
  }

  in(numMoments: number, act: () => void): void {
    this.#actions.push({ at: this.#now + numMoments, act });
  }

  pass(): void {
    this.#now += 1;
    for (const action of [...this.#actions]) {
      if (action.at > this.#now || !this.#actions.includes(action)) continue;
      this.#actions.splice(this.#actions.indexOf(action), 1);
      action.act();
    }
  }
}

function draftingOf({ drafting }: Plan, alone: readonly GenerationResult[], pass: () => void): Drafting | undefined {
  if (drafting === undefined) return undefined;
  const { by, skill, ...rest } = drafting;
  const lookUp = lookupOf(alone, skill, pass);
  const propose = by === 'lookup' ? lookUp : async (text: SequenceView, count: number) => lookUp(text, count);
  const chain = { processors: [], filters: [], isShortlisted: false };
  const chooserFor = () => ({ chain, temperature: 0, seed: 0 });
  return { ...rest, proposer: by === 'model' ? undefined : { propose }, acceptance: 'exact', chooserFor };
}

/** Guesses what the request finds alone, wrong now and then. */
function lookupOf(alone: readonly GenerationResult[], skill: number, pass: () => void) {
  return ({ generatedIds }: SequenceView, maxTokens: number): readonly number[] => {
    pass();
    const isOnTrack = ({ tokenIds }: GenerationResult) => generatedIds.every((id, i) => id === tokenIds[i]);
    const truth = alone.find(isOnTrack)?.tokenIds.slice(generatedIds.length) ?? [];
    const length = Math.min(maxTokens, mix(generatedIds.length, 7) % 12);
    return Array.from({ length }, (_, i) => {
      const isRight = mix(skill, generatedIds.length + i) % 8 < skill;
      return isRight ? (truth[i] ?? 1) : mix(i, generatedIds.length) % VOCAB_SIZE;
    });
  };
}

function searchOf(
  { kind, numLikeliest, ...options }: Plan,
  onToken?: (tokenId: number) => void,
): SampleSearch | ForkingSearch {
  const Search = kind === 'sample' ? SampleSearch : ForkingSearch;
  return new Search({
    ...options,
    numLikeliest: options.guidance === undefined ? numLikeliest : undefined,
    stops: true,
    onToken,
  });
}

interface Submission {
  readonly plan: Plan;
  readonly request: EngineRequest;
  readonly search: SampleSearch | ForkingSearch;
  readonly abort: AbortController;
  readonly wanted: readonly GenerationResult[];
  outcome: Promise<RequestReport | Error | 'enough'> | undefined;
}

function prepare(plan: Plan, hasEncoder: boolean, pass: () => void): Submission {
  const { priority, useCache, promptIds: prompt } = plan;
  const source = hasEncoder ? plan.sourceIds : undefined;
  const guidance = plan.guidance && { ...plan.guidance, sourceIds: hasEncoder ? plan.guidance.sourceIds : undefined };
  const wanted = decodeAlone({ promptIds: prompt, sourceIds: source, search: searchOf(plan), guidance });
  const search = searchOf(plan, pass);
  const abort = new AbortController();
  const maxLength = prompt.length + plan.maxNewTokens;
  const drafting = draftingOf(plan, wanted, pass);
  const request = {
    ...{ promptIds: prompt, sourceIds: source, search, maxLength, priority, useCache, guidance, drafting },
    signal: abort.signal,
  };
  return { plan, request, search, abort, wanted, outcome: undefined };
}

/** What there should be some of, or the rounds say little. */
class Totals {
  finished = 0;
  aborted = 0;
  preemptions = 0;
  preemptedForks = 0;
  accepted = 0;
  cached = 0;
  cachedOrShared = 0;
  encoded = 0;
}

async function play(round: Round, prefixCache: boolean, totals: Totals): Promise<void> {
  const moments = new Moments();
  const pass = () => moments.pass();
  const submissions = round.plans.map((plan) =>
    prepare({ ...plan, width: Math.min(plan.width, round.mostWidth) }, round.hasEncoder, pass),
  );
  const { engine, caches } = start(submissions, { round, prefixCache, pass });
  for (const submission of submissions) {
    const { plan, request, abort } = submission;
    moments.in(plan.arrival, () => {
      submission.outcome = engine.submit(request).catch((error: Error | 'enough') => error);
      if (plan.patience !== undefined) moments.in(plan.patience, () => abort.abort('enough'));
    });
  }
  while (moments.hasMore) {
    pass();
    await Promise.all(submissions.map(({ outcome }) => outcome));
  }
  // A step may be on its way whose requests have all been aborted.
  await new Promise(setImmediate);
  for (const submission of submissions) await check(submission, totals);
  for (const { pool } of caches) expect(pool.numFree).toBe(pool.numBlocks);
  for (const { backend, byteLength } of caches) expect(backend.memoryUsage().allocatedBytes).toBe(byteLength);
  const { running, waiting, sequences, totals: sums } = engine.statistics();
  expect([running, waiting, sequences, sums.failed]).toEqual([0, 0, 0, 0]);
  expect(sums.finished + sums.aborted).toBe(submissions.length);
  totals.preemptions += sums.preemptions;
  // Those who read one source at the same time share it, whatever is kept.
  totals[round.hasEncoder ? 'cachedOrShared' : 'cached'] += sums.cachedTokens;
  totals.encoded += sums.encodedTokens;
}

interface Setting {
  readonly round: Round;
  readonly prefixCache: boolean;
  readonly pass: () => void;
}

/** An engine that can just about serve each of the requests, and its caches. */
function start(submissions: readonly Submission[], { round, prefixCache, pass }: Setting) {
  const requests = submissions.map(({ request }) => request);
  const numBlocks = Math.max(...requests.map(blocksNeeded)) + round.spareBlocks;
  const numSequences = ({ search, guidance }: EngineRequest) => search.maxHypotheses * (guidance === undefined ? 1 : 2);
  const maxNumSequences = Math.max(...requests.map(numSequences)) + round.spareSequences;
  const maxNumBatchedTokens = maxNumSequences + round.spareTokens;
  const { hasEncoder } = round;
  const [model, small] = [new HashModel({ hasEncoder }), new HashModel({ errs: true, hasEncoder })];
  for (const one of [model, small]) one.duringStep = pass;
  const [cache, smallCache] = [model.createCache(numBlocks), small.createCache(round.draftBlocks)];
  const vocabularies = { targetVocabSize: VOCAB_SIZE, sourceVocabSize: SOURCE_VOCAB_SIZE };
  const draftModel = new DraftModel(small, smallCache, { ...vocabularies, maxNumBatchedTokens });
  const limits = { maxNumSequences, maxNumBatchedTokens, maxQueueLength: 1000, prefixCache };
  const engine = new Engine(model, cache, limits, draftModel);
  engine.subscribe(pass);
  return { engine, caches: [cache, smallCache] };
}

async function check({ outcome, abort, search, wanted }: Submission, totals: Totals): Promise<void> {
  const report = await outcome!;
  if (report === 'enough') {
    expect(abort.signal.aborted).toBe(true);
    totals.aborted += 1;
    return;
  }
  if (report instanceof Error) throw report;
  expect(search.results()).toEqual(wanted);
  totals.finished += 1;
  if (search.maxHypotheses > 1) totals.preemptedForks += report.numPreemptions;
  if (search instanceof SampleSearch) totals.accepted += search.numAccepted;
}

test.each([true, false])(
  'Every request gets what it gets alone, whatever else runs, and no block is lost: prefix cache %s',
  async (prefixCache) => {
    const totals = new Totals();
    await fc.assert(
      fc.asyncProperty(rounds, (round) => play(round, prefixCache, totals)),
      { numRuns: 90 },
    );
    const { cached, ...others } = totals;
    expect(cached > 0).toBe(prefixCache);
    for (const [what, total] of Object.entries(others)) expect(total, what).toBeGreaterThan(0);
  },
  300_000,
);
