import type { Command } from 'commander';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { GenerateOptions, Prompt } from '../llm/generate-options.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';
import { textOfTokens, writeChoices, writeLogProbs, writePrompt } from './choice-text.ts';
import { Interrupted } from './exit-codes.ts';
import { speakingOfFlags } from './flag-names.ts';
import { addFlagGroups, type Flag, OUTPUT_FLAGS } from './flags.ts';
import {
  ALL_GENERATION_GROUPS,
  completeInput,
  type GenerationFlags,
  INPUT_FLAGS,
  isSettledEarly,
  readGenerationInput,
} from './generation-flags.ts';
import { interruptedToJson, toJson } from './generation-json.ts';
import { allAtOnce, followStream, type GenerationStream } from './generation-stream.ts';
import { helpEnd } from './help-text.ts';
import { ENGINE_FLAGS, MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
import { PROMPT_FLAGS, type PromptFlags, type PromptInput, readPrompts } from './prompt-input.ts';
import { speedLine, speedLineOfAll } from './speed-line.ts';
import type { Terminal } from './terminal.ts';

const ECHO: Flag = { flags: '--echo', description: 'print the prompt before the text' };

type GenerateFlags = ModelFlags & GenerationFlags & PromptFlags & { readonly echo?: boolean };

const EXAMPLES = [
  ['kvasir generate "Once upon a time"', 'Continue a text with a small random model (noise).'],
  ['kvasir generate -m ./gpt2 -n 50 --greedy "Once upon a time"', 'Continue it with a model from a folder.'],
  [
    'kvasir generate -m ./gpt2 -t 0.8 -p 0.95 --seed 7 "Once upon"',
    'Draw from the likeliest tokens; the same every time.',
  ],
  ['kvasir generate -m ./gpt2 --num-beams 4 --n 2 "The sea is"', 'The two best of four beams, with their scores.'],
  ['kvasir generate -m ./gpt2 --prompts-file topics.txt -n 30', 'A text for each line, all computed at once.'],
  ['kvasir generate -m ./gpt2-xl --draft-model ./gpt2 "Once upon"', 'The same text as without, sooner.'],
  ['kvasir generate -m openai-community/gpt2 --stop . --json "The sea is"', 'One sentence, as JSON.'],
  ['cat story.txt | kvasir generate -m ./gpt2 -', 'The prompt from stdin.'],
  ['kvasir generate -m ./gpt2 -n 5 --log-probs 3 "The sea is"', 'What else the model might have said.'],
] as const;

const JSON_NOTE =
  'With --json: { text, tokenIds, finishReason (stop, length, time, interrupted), usage { promptTokens,\n' +
  'completionTokens }, cachedTokens, seed, timings }, with score, logProbs and speculation where there are such, and of\n' +
  'several texts choices [{ text, tokenIds, finishReason, score }]; text is the continuation alone. Of several prompts a\n' +
  'list of these.';

/** `kvasir generate`: continues prompts. */
export function addGenerateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('generate')
    .description('Continue a prompt: the text on stdout as it comes, the speed on stderr.')
    .argument('[prompt...]', 'the text to continue; - reads it from stdin');
  addFlagGroups(command, [
    ['Prompt:', [...PROMPT_FLAGS, ECHO]],
    ['Model:', MODEL_FLAGS],
    ['Engine:', ENGINE_FLAGS],
    ...ALL_GENERATION_GROUPS,
    ['Output:', OUTPUT_FLAGS],
  ]);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((words: string[], flags: GenerateFlags) => generate(terminal, words, flags));
}

async function generate(terminal: Terminal, words: readonly string[], flags: GenerateFlags): Promise<void> {
  const input = readGenerationInput(flags);
  const { prompts, isList } = await readPrompts(words, flags, terminal.io.stdin);
  await terminal.interruptible(async (signal) => {
    const { llm, loadMs } = await openModel(terminal, flags, signal, { maxQueueLength: Math.max(1024, prompts.length) });
    await using _ = llm;
    const options = completeInput(input, flags, llm.defaults);
    const isStreamed = !isList && options.numReturnSequences === 1;
    const job: Job = {
      ...{ terminal, llm, loadMs, prompts, isList, echo: flags.echo ?? false },
      isSettledEarly: isSettledEarly(options),
      options: { ...input, signal, useCache: flags.cache },
    };
    const print = flags.json ? printJson : isStreamed ? printStream : printChoices;
    await speakingOfFlags(INPUT_FLAGS, () => print(job));
  });
}

/** What is to be generated and printed. */
interface Job extends PromptInput {
  readonly terminal: Terminal;
  readonly llm: LLM;
  readonly loadMs: number;
  readonly isSettledEarly: boolean;
  readonly options: GenerateOptions;
  readonly echo: boolean;
}

/** The one text of one prompt, as it comes. */
async function printStream({ terminal, llm, loadMs, prompts, echo, ...job }: Job): Promise<void> {
  const prompt = prompts[0]!;
  if (echo) writePrompt(terminal, llm, prompt);
  const textOf = ({ text, tokenId }: GeneratedToken) => (llm.tokenizer === undefined ? textOfTokens(llm, [tokenId]) : text);
  let generation: Generation;
  try {
    const stream = streamOf({ llm, ...job }, prompt);
    generation = await followStream(stream, (token) => terminal.write(terminal.printable(textOf(token))));
  } finally {
    terminal.write('\n');
  }
  writeLogProbs(terminal, llm, generation.logProbs);
  terminal.note(speedLine(generation, loadMs));
}

/** Several texts, those of a prompt when they are done. */
async function printChoices(job: Job): Promise<void> {
  const { terminal, llm, loadMs, isList, echo } = job;
  const start = performance.now();
  const generations: Generation[] = [];
  for (const { prompt, generation } of startAll(job)) {
    generations.push(await generation);
    const promptNumber = isList ? generations.length : undefined;
    writeChoices(terminal, generations.at(-1)!, { llm, prompt, promptNumber, echo });
  }
  const ms = performance.now() - start;
  terminal.note(isList ? speedLineOfAll(generations, ms, loadMs) : speedLine(generations[0]!, loadMs));
}

async function printJson(job: Job): Promise<void> {
  const { terminal, llm, loadMs, isList, echo } = job;
  const runs = startAll(job);
  const write = (bodies: readonly object[]) => {
    const prompts = runs.map(({ prompt }) => (echo ? { prompt: textOfPrompt(llm, prompt) } : {}));
    const objects = bodies.map((body, i) => ({ ...prompts[i], ...body }));
    terminal.writeJson(isList ? objects : objects[0]);
  };
  try {
    const generations = await Promise.all(runs.map(({ generation }) => generation));
    write(generations.map((generation) => toJson(llm, generation, loadMs)));
  } catch (error) {
    if (error instanceof Interrupted) write(await Promise.all(runs.map((run) => interruptedRun(job, run))));
    throw error;
  }
}
