import type { Command } from 'commander';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';
import { Interrupted } from './exit-codes.ts';
import { addFlags, type Flag, OUTPUT_FLAGS, tokenIds } from './flags.ts';
import { followStream } from './follow-stream.ts';
import { formatTable } from './format.ts';
import { GENERATION_FLAGS, type GenerationFlags, readGenerationInput } from './generation-flags.ts';
import { interruptedToJson, speedLine, textOfToken, toJson } from './generation-report.ts';
import { helpEnd } from './help-text.ts';
import { MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
import type { Terminal } from './terminal.ts';
import { readTextInput } from './text-input.ts';

const PROMPT_FLAGS: readonly Flag[] = [
  { flags: '--prompt <text>', description: 'the prompt, where it is easier than as arguments' },
  { flags: '--prompt-file <path>', description: 'the prompt from a file, without its last line break; - is stdin' },
  { flags: '--token-ids <ids>', description: 'the prompt as token ids, as 1,403,407', parse: tokenIds },
  { flags: '--echo', description: 'print the prompt before the text' },
];

type GenerateFlags = ModelFlags &
  Omit<GenerationFlags, 'seed'> & {
    readonly prompt?: string;
    readonly promptFile?: string;
    readonly tokenIds?: readonly number[];
    readonly echo?: boolean;
  };

const EXAMPLES = [
  ['kvasir generate "Once upon a time"', 'Continue a text with a small random model (noise).'],
  ['kvasir generate -m ./gpt2 -n 50 --greedy "Once upon a time"', 'Continue it with a model from a folder.'],
  [
    'kvasir generate -m ./gpt2 -t 0.8 -p 0.95 --seed 7 "Once upon"',
    'Draw from the likeliest tokens; the same every time.',
  ],
  ['kvasir generate -m openai-community/gpt2 --stop . --json "The sea is"', 'One sentence, as JSON.'],
  ['cat story.txt | kvasir generate -m ./gpt2 -', 'The prompt from stdin.'],
  ['kvasir generate -m ./gpt2 -n 5 --log-probs 3 "The sea is"', 'What else the model might have said.'],
] as const;

/** `kvasir generate`: continues a prompt. */
export function addGenerateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('generate')
    .description('Continue a prompt: the text on stdout as it comes, the speed on stderr.')
    .argument('[prompt...]', 'the text to continue; - reads it from stdin');
  addFlags(command, 'Prompt:', PROMPT_FLAGS);
  addFlags(command, 'Model:', MODEL_FLAGS);
  addFlags(command, 'Generation:', GENERATION_FLAGS);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((words: string[], flags: GenerateFlags) => generate(terminal, words, flags));
}

const JSON_NOTE =
  'With --json: { text, tokenIds, finishReason (stop, length, interrupted), usage { promptTokens, completionTokens },\n' +
  'seed, timings, logProbs if asked for }; text is the continuation alone.';

async function generate(terminal: Terminal, words: readonly string[], flags: GenerateFlags): Promise<void> {
  const input = readGenerationInput(flags);
  const prompt = await readPrompt(terminal, words, flags);
  await terminal.interruptible(async (signal) => {
    const { llm, loadMs } = await openModel(terminal, flags, signal);
    await using _ = llm;
    const run = { llm, loadMs, prompt, stream: llm.stream(prompt, { ...input, signal, useCache: flags.cache }) };
    await (flags.json ? generateJson(terminal, run, flags) : generateText(terminal, run, flags));
  });
}

interface Run {
  readonly llm: LLM;
  readonly loadMs: number;
  readonly prompt: string | readonly number[];
  readonly stream: ReturnType<LLM['stream']>;
}

async function readPrompt(terminal: Terminal, words: readonly string[], flags: GenerateFlags) {
  const { prompt: text, promptFile: file, tokenIds } = flags;
  const prompt = await readTextInput({ words, text, file, tokenIds }, terminal.io.stdin);
  const isRead = file !== undefined || words[0] === '-';
  return isRead && typeof prompt === 'string' ? prompt.replace(/\r?\n$/, '') : (prompt ?? '');
}

async function generateText(terminal: Terminal, { llm, loadMs, prompt, stream }: Run, flags: GenerateFlags) {
  if (flags.echo) terminal.write(terminal.colors.dim(terminal.printable(promptText(llm, prompt))));
  let generation: Generation;
  try {
    generation = await followStream(stream, (token) => terminal.write(terminal.printable(textOf(llm, token))));
  } finally {
    terminal.write('\n');
  }
  if (generation.logProbs !== undefined) terminal.write(`\n${logProbTable(llm, generation.logProbs)}`);
  terminal.note(speedLine(generation, loadMs));
}

async function generateJson(terminal: Terminal, { llm, loadMs, prompt, stream }: Run, flags: GenerateFlags) {
  const tokens: GeneratedToken[] = [];
  const promptJson = flags.echo ? { prompt: promptText(llm, prompt) } : {};
  try {
    const generation = await followStream(stream, (token) => tokens.push(token));
    terminal.writeJson({ ...promptJson, ...toJson(llm, generation, loadMs) });
  } catch (error) {
    if (error instanceof Interrupted) {
      const promptTokens = (typeof prompt === 'string' ? llm.encode(prompt) : prompt).length;
      terminal.writeJson({ ...promptJson, ...interruptedToJson(llm, tokens, { promptTokens, loadMs }) });
    }
    throw error;
  }
}

function promptText(llm: LLM, prompt: string | readonly number[]): string {
  if (typeof prompt === 'string') return prompt;
  return llm.tokenizer?.decode(prompt) ?? prompt.map((id) => `${id} `).join('');
}

/** A model without a tokenizer has no text: its tokens' ids stand for it. */
function textOf(llm: LLM, { text, tokenId }: GeneratedToken): string {
  return llm.tokenizer === undefined ? `${tokenId} ` : text;
}

function logProbTable(llm: LLM, logProbs: NonNullable<Generation['logProbs']>): string {
  const show = (id: number) => JSON.stringify(textOfToken(llm, id) ?? id);
  const rows = logProbs.map(({ tokenId, logProb, topLogProbs }) => [
    logProb.toFixed(4),
    show(tokenId),
    topLogProbs.map((other) => `${show(other.tokenId)} ${other.logProb.toFixed(4)}`).join('  '),
  ]);
  return formatTable([['log P', 'token', rows.some(([, , others]) => others !== '') ? 'likeliest' : ''], ...rows], [0]);
}
