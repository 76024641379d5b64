import type { Command } from 'commander';
import { platform } from '#platform';
import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { LLM } from '../llm/llm.ts';
import { modelPreset, PRESET_NAMES } from '../models/presets.ts';
import { type BenchReport, benchText, toBenchJson } from './bench-report.ts';
import { type BenchLevel, type BenchLoad, measureLevel, warmUp } from './bench-run.ts';
import { Interrupted } from './exit-codes.ts';
import { flagNames } from './flag-names.ts';
import { wholeNumber, wholeNumbers } from './flag-values.ts';
import { addFlagGroups, type Flag, OUTPUT_FLAGS, valuesOf } from './flags.ts';
import { completeInput } from './generation-flags.ts';
import { helpEnd } from './help-text.ts';
import {
  BATCH_FLAGS,
  CACHE_DTYPE,
  CACHE_TOKENS,
  DEVICE,
  DTYPE,
  loadWith,
  type ModelFlags,
  NUMERICS,
  type OpenedModel,
  REVISION,
  SEED,
  THREADS,
} from './model-flags.ts';
import {
  checkSpeculation,
  DRAFT_MODEL,
  isSpeculative,
  SPECULATION_FLAGS,
  type SpeculationFlags,
} from './speculation-flags.ts';
import type { Terminal } from './terminal.ts';

const DEFAULT_PRESET = 'gpt2';

const LOAD_FLAGS: readonly Flag[] = [
  {
    flags: '--concurrency <counts>',
    description: 'how many requests at once, one figure after the other (1,2,4,8,16,32)',
    parse: wholeNumbers(1),
  },
  {
    flags: '--prompt-tokens <count>',
    description: 'tokens of each prompt, drawn at random (32)',
    parse: wholeNumber(1),
  },
  { flags: '--new-tokens <count>', description: 'tokens generated for each request (32)', parse: wholeNumber(1) },
  {
    flags: '--rounds <count>',
    description: 'how often each figure is measured; what is shown is the mean (1)',
    parse: wholeNumber(1),
  },
];

const MODEL: Flag = {
  flags: '-m, --model <name>',
  description: `a preset with random weights (${PRESET_NAMES.join(', ')}), a folder (./gpt2), or a hub id; ${DEFAULT_PRESET} unless given`,
};

const BENCH_MODEL_FLAGS: readonly Flag[] = [
  ...[MODEL, REVISION, DEVICE, DTYPE, THREADS, NUMERICS],
  { ...SEED, description: 'of the prompts (0)' },
  { ...CACHE_TOKENS, description: 'size of the KV cache; room for all requests at once unless given' },
  CACHE_DTYPE,
  ...BATCH_FLAGS,
];

/** The length of the context is that of a request. */
const NAMES = new Map([
  ...flagNames(BENCH_MODEL_FLAGS),
  ['contextLength', 'the length of a request (--prompt-tokens and --new-tokens together)'],
]);

interface BenchFlags extends ModelFlags, SpeculationFlags {
  readonly concurrency?: readonly number[];
  readonly promptTokens?: number;
  readonly newTokens?: number;
  readonly rounds?: number;
}

const EXAMPLES = [
  ['kvasir bench', "How GPT-2's throughput grows with the number of requests; the weights are random."],
  ['kvasir bench -m ./qwen2 --concurrency 1,8 --new-tokens 128 --rounds 3', 'A model of your own.'],
  ['kvasir bench -m ./gpt2-xl --draft-model ./gpt2 --concurrency 1,4', 'What a draft model gains.'],
] as const;

const NOTES = `Columns: generated tokens a second of all requests together, prompts included; their ratio to one request (or to the
first figure); mean time to a request's first token, and between two of its tokens; the share of a step that is not
the model's; most blocks of the KV cache used at once, and the mean share of their places that no token has. Speculation
is measured against the same requests without it.

Requests are greedy and end by length. There is no prefix cache. Ctrl-C ends with the figures there are.

With --json: { model, device, threads, promptTokens, newTokens, rounds, seed, loadMs, levels [{ concurrency,
tokensPerSecond, ratio, timeToFirstTokenMs, interTokenMs, overheadShare, blocks { peak, total, wasteShare }, speculation
{ tokensPerSecond, acceptanceRate, tokensPerRun, predictedGain, measuredGain } }] }.`;

/** `kvasir bench`: throughput against the number of requests at once. */
export function addBenchCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('bench')
    .description('Measure how throughput grows with the number of requests at once, and what speculation gains.');
  addFlagGroups(command, [
    ['Load:', LOAD_FLAGS],
    ['Model:', BENCH_MODEL_FLAGS],
    ['Speculation:', [DRAFT_MODEL, ...SPECULATION_FLAGS]],
    ['Output:', OUTPUT_FLAGS],
  ]);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: BenchFlags) => bench(terminal, flags));
}

async function bench(terminal: Terminal, flags: BenchFlags): Promise<void> {
  const load = readLoad(flags);
  await terminal.interruptible(async (signal) => {
    const { llm, loadMs } = await openBenchModel(terminal, flags, signal);
    await using _ = llm;
    const levels: BenchLevel[] = [];
    const print = () => printReport(terminal, { ...describe(flags), ...load, loadMs, levels }, flags);
    try {
      await warmUp(llm, { ...load, signal });
      for (const concurrency of concurrenciesOf(flags)) {
        if (!flags.json) terminal.note(`${concurrency} ${concurrency === 1 ? 'request' : 'requests'} at once …`);
        levels.push(await measureLevel(llm, concurrency, { ...load, signal }));
      }
    } catch (error) {
      if (error instanceof Interrupted && levels.length > 0) print();
      throw error;
    }
    print();
  });
}

function readLoad(flags: BenchFlags): BenchLoad {
  const { promptTokens = 32, newTokens = 32, rounds = 1, seed = 0 } = flags;
  checkSpeculation(flags);
  const speculation = valuesOf(SPECULATION_FLAGS, flags);
  completeInput(speculation, flags);
  return { promptTokens, newTokens, rounds, seed, speculation: isSpeculative(flags) ? speculation : undefined };
}

function concurrenciesOf({ concurrency = [1, 2, 4, 8, 16, 32] }: BenchFlags): readonly number[] {
  return concurrency;
}

function describe({ model = DEFAULT_PRESET, device = 'wasm', ...flags }: BenchFlags) {
  const threads = device === 'wasm' ? (flags.threads ?? platform.availableParallelism) : 1;
  return { model, isRandom: PRESET_NAMES.includes(model), device, threads };
}

/** With room for all requests at once, unless the flags say otherwise. */
function openBenchModel(terminal: Terminal, flags: BenchFlags, signal: AbortSignal): Promise<OpenedModel> {
  const { model = DEFAULT_PRESET, revision, promptTokens = 32, newTokens = 32 } = flags;
  const most = Math.max(...concurrenciesOf(flags));
  const maxNumSequences = flags.maxNumSequences ?? Math.max(32, most);
  const contextLength = promptTokens + newTokens;
  const sized: ModelFlags = {
    ...flags,
    ...{ contextLength, maxNumSequences, prefixCache: false },
    cacheTokens: flags.cacheTokens ?? most * CACHE_BLOCK_SIZE * Math.ceil(contextLength / CACHE_BLOCK_SIZE),
    maxNumBatchedTokens: flags.maxNumBatchedTokens ?? Math.max(256, maxNumSequences),
  };
  const isPreset = PRESET_NAMES.includes(model);
  if (isPreset && !flags.json) terminal.note(`drawing random weights for ${model} …`);
  return loadWith({ terminal, flags: sized, signal, names: NAMES }, (options) => {
    const all = { ...options, maxQueueLength: most };
    return isPreset ? LLM.random(modelPreset(model), all) : LLM.load(model, { ...all, revision });
  });
}

function printReport(terminal: Terminal, report: BenchReport, { json }: BenchFlags): void {
  if (json) terminal.writeJson(toBenchJson(report));
  else terminal.write(benchText(terminal, report));
}
