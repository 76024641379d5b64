import type { Command } from 'commander';
import type { Generation } from '../llm/generation.ts';
import { promptText, textOfTokens, writeChoices, writeLogProbs, writePrompt } from './choice-text.ts';
import { Interrupted } from './exit-codes.ts';
import { speakingOfFlags } from './flag-names.ts';
import { addFlagGroups, type Flag, OUTPUT_FLAGS } from './flags.ts';
import {
  ALL_GENERATION_GROUPS,
  completeInput,
  type GenerationFlags,
  isSettledEarly,
  REQUEST_NAMES,
  readGenerationInput,
} from './generation-flags.ts';
import { interruptedToJson, toJson } from './generation-json.ts';
import { followStream } from './generation-stream.ts';
import { helpEnd } from './help-text.ts';
import { ENGINE_FLAGS, MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
import { PROMPT_FLAGS, type PromptFlags, type PromptInput, readPrompts } from './prompt-input.ts';
import { type RunSettings, startRuns, streamPrompt } from './prompt-runs.ts';
import { speedLine, speedLineOfAll } from './speed-line.ts';
import type { Terminal } from './terminal.ts';

const ECHO: Flag = { flags: '--echo', description: 'print the prompt before the text' };

type GenerateFlags = ModelFlags & GenerationFlags & PromptFlags & { readonly echo?: boolean };

const EXAMPLES = [
  ['kvasir generate "Once upon a time"', 'A short story by the bundled model, another one each time.'],
  ['kvasir generate --draft-model stories-draft --seed 7 "One day"', 'The same story every time, sooner by guesses.'],
  ['kvasir generate -m ./gpt2 -n 50 --greedy "Once upon a time"', 'Continue it with a model from a folder.'],
  [
    'kvasir generate -m ./gpt2 -t 0.8 -p 0.95 --seed 7 "Once upon"',
    'Draw from the likeliest tokens; the same every time.',
  ],
  ['kvasir generate -m ./gpt2 --num-beams 4 --n 2 "The sea is"', 'The two best of four beams, with their scores.'],
  ['kvasir generate -m ./gpt2 --prompts-file topics.txt -n 30', 'A text for each line, all computed at once.'],
  ['kvasir generate -m ./gpt2-xl --draft-model ./gpt2 "Once upon"', 'The same text as without, sooner.'],
  ['kvasir generate -m ./gpt2 --adapter ./gpt2-poems "The sea"', 'Through an adapter that was trained for it.'],
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
    const maxQueueLength = Math.max(1024, prompts.length);
    const { llm, loadMs, adapter } = await openModel(terminal, flags, signal, { maxQueueLength });
    await using _ = llm;
    const options = completeInput(input, flags, llm.defaults);
    const settings = {
      llm,
      options: { ...input, adapter, signal, useCache: flags.cache },
      isSettledEarly: isSettledEarly(options),
    };
    const job: Job = { terminal, loadMs, settings, prompts, isList, echo: flags.echo ?? false };
    const isOneText = !isList && options.numReturnSequences === 1;
    const print = flags.json ? printJson : isOneText ? printText : printChoices;
    await speakingOfFlags(REQUEST_NAMES, () => print(job));
  });
}

/** What is to be generated and printed. */
interface Job extends PromptInput {
  readonly terminal: Terminal;
  readonly loadMs: number;
  readonly settings: RunSettings;
  readonly echo: boolean;
}

/** The one text of one prompt, as it comes. */
async function printText({ terminal, loadMs, settings, prompts, echo }: Job): Promise<void> {
  const { llm } = settings;
  const prompt = prompts[0]!;
  if (echo) writePrompt(terminal, llm, prompt);
  let generation: Generation;
  try {
    generation = await followStream(streamPrompt(settings, prompt), ({ text, tokenId }) =>
      terminal.write(terminal.printable(llm.tokenizer === undefined ? textOfTokens(llm, [tokenId]) : text)),
    );
  } finally {
    terminal.write('\n');
  }
  await terminal.expectReader();
  writeLogProbs(terminal, llm, generation.logProbs);
  terminal.note(speedLine(generation, loadMs));
}

/** Several texts, those of each prompt when they are done. */
async function printChoices({ terminal, loadMs, settings, prompts, isList, echo }: Job): Promise<void> {
  const { llm } = settings;
  const start = performance.now();
  const generations: Generation[] = [];
  for (const { prompt, generation } of startRuns(settings, prompts)) {
    const done = await generation;
    generations.push(done);
    const promptNumber = isList ? generations.length : undefined;
    writeChoices(terminal, done, { llm, prompt, promptNumber, echo });
  }
  const ms = performance.now() - start;
  terminal.note(isList ? speedLineOfAll(generations, ms, loadMs) : speedLine(generations[0]!, loadMs));
}

async function printJson({ terminal, loadMs, settings, prompts, isList, echo }: Job): Promise<void> {
  const { llm } = settings;
  const runs = startRuns(settings, prompts);
  const outcomes = await Promise.allSettled(runs.map(({ generation }) => generation));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
  if (failure !== undefined && !(failure instanceof Interrupted)) throw failure;
  const objects = runs.map(({ prompt, tokens }, i) => {
    const outcome = outcomes[i]!;
    const promptJson = echo ? { prompt: promptText(llm, prompt) } : {};
    if (outcome.status === 'fulfilled') return { ...promptJson, ...toJson(llm, outcome.value, loadMs) };
    const promptTokens = (typeof prompt === 'string' ? llm.encode(prompt) : prompt).length;
    return { ...promptJson, ...interruptedToJson(llm, tokens, { promptTokens, loadMs }) };
  });
  terminal.writeJson(isList ? objects : objects[0]);
  if (failure !== undefined) throw failure;
}
