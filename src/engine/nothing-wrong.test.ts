import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAlone, ForkingSearch, SampleSearch } from '../../test/fake-searches.ts';
import { HashModel, mix, VOCAB_SIZE } from '../../test/hash-model.ts';
import type { DraftProposer } from '../decoding/draft.ts';
import type { GenerationResult } from '../decoding/generation-output.ts';
import { Engine } from './engine.ts';
import { blocksNeeded } from './job.ts';
import type { Drafting, EngineRequest, Guidance, RequestReport } from './request.ts';

/** A request, before the engine knows it. */
interface Plan {
  readonly promptIds: readonly number[];
  readonly kind: 'sample' | 'fork';
  readonly width: number;
  readonly maxNewTokens: number;
  readonly needsHidden: boolean;
  readonly guidance: Guidance | undefined;
  readonly drafting: { readonly maxTokens: number; readonly skill: number; readonly isAsync: boolean } | undefined;
  readonly priority: number;
  readonly useCache: boolean;
  /** When it comes, and how much later it is aborted: in moments. */
  readonly arrival: number;
  readonly patience: number | undefined;
}

interface Round {
  readonly plans: readonly Plan[];
  /** Without wide requests the cache can be so small that many lose theirs. */
  readonly mostWidth: number;
  /** What the engine has beyond the least that serves every request. */
  readonly spareBlocks: number;
  readonly spareSequences: number;
  readonly spareTokens: number;
  readonly prefixCache: boolean;
}

const tokenId = fc.integer({ min: 1, max: VOCAB_SIZE - 1 });
/** Prompts have long beginnings in common. */
const promptIds = fc
  .tuple(fc.constantFrom(3, 5), fc.constantFrom(0, 0, 9, 40), fc.array(tokenId, { minLength: 1, maxLength: 20 }))
  .map(([stem, length, tail]) => [...Array.from({ length }, (_, i) => mix(stem, i >> 3) % VOCAB_SIZE), ...tail]);
const sometimes = <Value>(percent: number, value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 100 - percent, arbitrary: fc.constant(undefined) }, { weight: percent, arbitrary: value });
const plans: fc.Arbitrary<Plan> = fc.record({
  promptIds,
  kind: fc.constantFrom('sample', 'sample', 'fork'),
  width: fc.constantFrom(1, 1, 2, 3, 4),
  maxNewTokens: fc.constantFrom(1, 8, 40, 64, 64),
  needsHidden: fc.constantFrom(false, false, false, true),
  guidance: sometimes(
    20,
    fc.record({ promptIds: fc.array(tokenId, { minLength: 1, maxLength: 30 }), scale: fc.constantFrom(0.5, 1.5, 3) }),
  ),
  drafting: sometimes(
    50,
    fc.record({ maxTokens: fc.integer({ min: 1, max: 20 }), skill: fc.nat({ max: 8 }), isAsync: fc.boolean() }),
  ),
  priority: fc.constantFrom(0, 0, 0, 1, -1),
  useCache: fc.constantFrom(true, true, true, true, false),
  arrival: fc.oneof(fc.constant(0), fc.nat({ max: 150 })),
  patience: sometimes(30, fc.nat({ max: 60 })),
});
const rounds: fc.Arbitrary<Round> = fc.record({
  plans: fc.array(plans, { minLength: 1, maxLength: 30, size: 'max' }),
  mostWidth: fc.constantFrom(1, 1, 2, 4),
  spareBlocks: fc.constantFrom(0, 0, 1, 3, 12),
  spareSequences: fc.constantFrom(0, 2, 8, 20),
  spareTokens: fc.constantFrom(0, 1, 7, 40, 200),
  prefixCache: fc.boolean(),
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

/** Guesses what the request finds alone, wrong now and then. */
function draftingOf({ drafting }: Plan, alone: readonly GenerationResult[], pass: () => void): Drafting | undefined {
  if (drafting === undefined) return undefined;
  const { maxTokens, skill, isAsync } = drafting;
  const guess = ({ generatedIds }: { readonly generatedIds: readonly number[] }, count: number) => {
    pass();
    const isOnTrack = ({ tokenIds }: GenerationResult) => generatedIds.every((id, i) => id === tokenIds[i]);
    const truth = alone.find(isOnTrack)?.tokenIds.slice(generatedIds.length) ?? [];
    const length = Math.min(count, mix(generatedIds.length, 7) % 12);
    return Array.from({ length }, (_, i) => {
      const isRight = mix(skill, generatedIds.length + i) % 8 < skill;
      return isRight ? (truth[i] ?? 1) : mix(i, generatedIds.length) % VOCAB_SIZE;
    });
  };
  const proposer: DraftProposer = { propose: isAsync ? async (text, count) => guess(text, count) : guess };
  return { maxTokens, proposer, adaptLength: false, acceptance: 'exact', chooserFor };
}

function searchOf({ kind, ...options }: Plan, onToken?: (tokenId: number) => void): SampleSearch | ForkingSearch {
  const Search = kind === 'sample' ? SampleSearch : ForkingSearch;
  return new Search({ ...options, stops: true, onToken });
}

/** Only a draft model would ask. */
function chooserFor(): never {
  throw new Error('Nobody should ask how tokens are chosen');
}

interface Submission {
  readonly plan: Plan;
  readonly request: EngineRequest;
  readonly search: SampleSearch | ForkingSearch;
  readonly abort: AbortController;
  readonly wanted: readonly GenerationResult[];
  outcome: Promise<RequestReport | Error | 'enough'> | undefined;
}

function prepare(plan: Plan, pass: () => void): Submission {
  const { guidance, priority, useCache, promptIds: prompt } = plan;
  const wanted = decodeAlone({ promptIds: prompt, search: searchOf(plan), guidance });
  const search = searchOf(plan, pass);
  const abort = new AbortController();
  const maxLength = prompt.length + plan.maxNewTokens;
  const drafting = draftingOf(plan, wanted, pass);
  const request = {
    ...{ promptIds: prompt, search, maxLength, priority, useCache, guidance, drafting, signal: abort.signal },
  };
  return { plan, request, search, abort, wanted, outcome: undefined };
}

/** What a round should have had in it, or it says little. */
const totals = { finished: 0, aborted: 0, preemptions: 0, preemptedForks: 0, accepted: 0, cached: 0 };

async function play(round: Round): Promise<void> {
  const moments = new Moments();
  const pass = () => moments.pass();
  const submissions = round.plans.map((plan) =>
    prepare({ ...plan, width: Math.min(plan.width, round.mostWidth) }, pass),
  );
  const model = new HashModel();
  model.duringStep = pass;
  const { engine, cache } = start(model, submissions, round);
  engine.subscribe(pass);
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
  for (const submission of submissions) await check(submission);
  expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
  expect(cache.backend.memoryUsage().allocatedBytes).toBe(cache.byteLength);
  expect(engine.statistics()).toMatchObject({ running: 0, waiting: 0, sequences: 0 });
  totals.preemptions += engine.statistics().totals.preemptions;
  totals.cached += engine.statistics().totals.cachedTokens;
}

function start(model: HashModel, submissions: readonly Submission[], round: Round) {
  const requests = submissions.map(({ request }) => request);
  const numBlocks = Math.max(...requests.map(blocksNeeded)) + round.spareBlocks;
  const numSequences = ({ search, guidance }: EngineRequest) => search.maxHypotheses * (guidance === undefined ? 1 : 2);
  const maxNumSequences = Math.max(...requests.map(numSequences)) + round.spareSequences;
  const cache = model.createCache(numBlocks);
  const limits = {
    ...{ maxNumSequences, maxNumBatchedTokens: maxNumSequences + round.spareTokens },
    ...{ maxQueueLength: 1000, prefixCache: round.prefixCache },
  };
  return { engine: new Engine(model, cache, limits), cache };
}

async function check({ outcome, abort, search, wanted }: Submission): Promise<void> {
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

test('Every request gets what it gets alone, whatever else runs, and no block is lost', async () => {
  await fc.assert(fc.asyncProperty(rounds, play), { numRuns: 250 });
  console.log(totals);
  expect(Object.values(totals).every((total) => total > 0)).toBe(true);
}, 60_000);
