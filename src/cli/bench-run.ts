import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { uniform } from '../base/random.ts';
import { NEUTRAL_OPTIONS } from '../config/neutral-options.ts';
import type { EngineTotals } from '../engine/statistics.ts';
import type { GenerateOptions } from '../llm/generate-options.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';

/** What is asked of a model. */
export interface BenchLoad {
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly rounds: number;
  /** Of the prompts. */
  readonly seed: number;
  /** How tokens are guessed ahead; undefined if they are not. */
  readonly speculation: GenerateOptions | undefined;
}

/** What was measured with so many requests at once. */
export interface BenchLevel {
  readonly concurrency: number;
  /** Generated tokens of all requests by the time of the whole, prompts included. */
  readonly tokensPerSecond: number;
  readonly timeToFirstTokenMs: number;
  /** undefined where each request has one token. */
  readonly interTokenMs: number | undefined;
  /** Share of the engine's steps that is not the model's. */
  readonly overheadShare: number;
  readonly blocks: {
    /** Most used at once. */
    readonly peak: number;
    readonly total: number;
    /** Mean share of the token places in used blocks that hold no token. */
    readonly wasteShare: number;
  };
  readonly speculation: BenchSpeculation | undefined;
}

/** What guesses did for the same requests. */
export interface BenchSpeculation {
  readonly tokensPerSecond: number;
  /** α of the requests, weighted by their drafts; undefined if there were none. */
  readonly acceptanceRate: number | undefined;
  /** Tokens that a sequence gets of a run of the model. */
  readonly tokensPerRun: number | undefined;
  /** By the formula of Leviathan et al. 2023, theorem 3.8, weighted by the runs of the requests. */
  readonly predictedGain: number | undefined;
  /** `tokensPerSecond` by that without guesses. */
  readonly measuredGain: number;
}

type RunLoad = BenchLoad & { readonly signal: AbortSignal };

/** Has everything compiled and allocated before it is measured. */
export async function warmUp(llm: LLM, load: RunLoad): Promise<void> {
  await measureLevel(llm, 1, { ...load, newTokens: Math.min(load.newTokens, 8), rounds: 1, seed: load.seed + 1 });
}

/** Measures `concurrency` requests at once; each round without and with speculation, in turns. */
export async function measureLevel(llm: LLM, concurrency: number, load: RunLoad): Promise<BenchLevel> {
  const plain: Round[] = [];
  const speculative: Round[] = [];
  const { speculation } = load;
  for (let round = 0; round < load.rounds; round++) {
    const prompts = promptsOf(llm, load, { concurrency, round });
    const runPlain = async () => plain.push(await runRound(llm, prompts, plainOptions(load)));
    const runSpeculative = async () =>
      speculation && speculative.push(await runRound(llm, prompts, { ...commonOptions(load), ...speculation }));
    const turns = [runPlain, runSpeculative];
    for (const run of round % 2 === 0 ? turns : turns.toReversed()) await run();
  }
  return toLevel(llm, concurrency, plain, speculative);
}

/** Requests that are the same for the same seed. */
function promptsOf(
  llm: LLM,
  { promptTokens, seed }: BenchLoad,
  { concurrency, round }: { readonly concurrency: number; readonly round: number },
): readonly (readonly number[])[] {
  const lane = round * 2 ** 16 + concurrency;
  const tokenId = (position: number) => Math.floor(uniform(seed, position, lane) * llm.config.vocabSize);
  return Array.from({ length: concurrency }, (_, request) =>
    Array.from({ length: promptTokens }, (_, i) => tokenId(request * promptTokens + i)),
  );
}

/** The neutral options stand against what a model's generation_config.json may say. */
function commonOptions({ newTokens, signal }: RunLoad): GenerateOptions {
  return { ...NEUTRAL_OPTIONS, maxNewTokens: newTokens, ignoreEos: true, signal };
}

/** A proposer without guesses keeps a draft model, where there is one, from guessing. */
function plainOptions(load: RunLoad): GenerateOptions {
  return { ...commonOptions(load), ...(load.speculation && { draftProposer: { propose: () => [] } }) };
}

/** Requests that ran together. */
interface Round {
  readonly generations: readonly Generation[];
  readonly ms: number;
  /** The engine's sums before and after. */
  readonly totals: { readonly before: EngineTotals; readonly after: EngineTotals };
  /** Over all steps. */
  readonly blocks: { readonly peak: number; readonly usedSlots: number; readonly unusedSlots: number };
}

async function runRound(llm: LLM, prompts: readonly (readonly number[])[], options: GenerateOptions): Promise<Round> {
  const { engine } = llm;
  const blocks = { peak: 0, usedSlots: 0, unusedSlots: 0 };
  const unsubscribe = engine.subscribe(({ kind }) => {
    if (kind !== 'step') return;
    const { total, free, unusedSlots } = engine.statistics().blocks;
    blocks.peak = Math.max(blocks.peak, total - free);
    blocks.usedSlots += CACHE_BLOCK_SIZE * (total - free);
    blocks.unusedSlots += unusedSlots;
  });
  const before = engine.statistics().totals;
  const start = performance.now();
  try {
    const generations = await llm.generate(prompts, options);
    const ms = performance.now() - start;
    return { generations, ms, totals: { before, after: engine.statistics().totals }, blocks };
  } finally {
    unsubscribe();
  }
}

function toLevel(llm: LLM, concurrency: number, plain: readonly Round[], speculative: readonly Round[]): BenchLevel {
  const total = (name: keyof EngineTotals) => sum(plain, ({ totals }) => totals.after[name] - totals.before[name]);
  const tokensPerSecond = throughput(plain);
  return {
    concurrency,
    tokensPerSecond,
    timeToFirstTokenMs: total('timeToFirstTokenMs') / total('firstTokens'),
    interTokenMs: total('laterTokens') === 0 ? undefined : total('interTokenMs') / total('laterTokens'),
    overheadShare: 1 - total('modelMs') / total('stepMs'),
    blocks: {
      peak: Math.max(...plain.map(({ blocks }) => blocks.peak)),
      total: llm.engine.statistics().blocks.total,
      wasteShare: sum(plain, ({ blocks }) => blocks.unusedSlots) / sum(plain, ({ blocks }) => blocks.usedSlots),
    },
    speculation: speculative.length === 0 ? undefined : toSpeculation(speculative, tokensPerSecond),
  };
}

function throughput(rounds: readonly Round[]): number {
  const numTokens = sum(rounds, ({ generations }) => sum(generations, ({ tokenIds }) => tokenIds.length));
  return (1000 * numTokens) / sum(rounds, ({ ms }) => ms);
}

function toSpeculation(rounds: readonly Round[], plainTokensPerSecond: number): BenchSpeculation {
  const reports = rounds.flatMap(({ generations }) => generations.flatMap(({ speculation }) => speculation ?? []));
  const tokensPerSecond = throughput(rounds);
  return {
    tokensPerSecond,
    acceptanceRate: weightedMean(reports.map((report) => [report.acceptanceRate, report.draftedTokens])),
    tokensPerRun: weightedMean(reports.map((report) => [report.tokensPerRun, report.targetRuns])),
    predictedGain: weightedMean(reports.map((report) => [report.predictedGain, report.targetRuns])),
    measuredGain: tokensPerSecond / plainTokensPerSecond,
  };
}

/** undefined if nothing has a weight. */
function weightedMean(pairs: readonly (readonly [value: number | undefined, weight: number])[]): number | undefined {
  const known = pairs.flatMap(([value, weight]) => (value === undefined ? [] : [{ value, weight }]));
  const weight = sum(known, (one) => one.weight);
  return weight === 0 ? undefined : sum(known, (one) => one.value * one.weight) / weight;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
