import type { Prompt } from '../llm/generate-options.ts';
import { collect, collectTokenIds } from './flag-values.ts';
import type { Flag } from './flags.ts';
import type { InputStream } from './io.ts';
import { readText, readTextInput, requireOneSource, withoutLastBreak } from './text-input.ts';

export const PROMPT_FLAGS: readonly Flag[] = [
  {
    flags: '--prompt <text>',
    description: 'the prompt, where it is easier than as arguments; repeated, there are several',
    parse: collect,
  },
  { flags: '--prompt-file <path>', description: 'the prompt from a file, without its last line break; - is stdin' },
  { flags: '--prompts-file <path>', description: 'several prompts, one a line; empty lines are none; - is stdin' },
  {
    flags: '--token-ids <ids>',
    description: 'the prompt as token ids, as 1,403,407; may be repeated too',
    parse: collectTokenIds,
  },
];

/** What the options above parse to. */
export interface PromptFlags {
  readonly prompt?: readonly string[];
  readonly promptFile?: string;
  readonly promptsFile?: string;
  readonly tokenIds?: readonly (readonly number[])[];
}

export interface PromptInput {
  /** At least one; an empty text where none is given. */
  readonly prompts: readonly Prompt[];
  /** Whether several were asked for, even if there is only one. */
  readonly isList: boolean;
}

/** The prompts that a command is given. Throws a `UsageError` if they are given in several ways. */
export async function readPrompts(
  words: readonly string[],
  { prompt: texts, promptFile, promptsFile, tokenIds: lists }: PromptFlags,
  stdin: InputStream,
): Promise<PromptInput> {
  requireOneSource([words[0], texts, promptFile, promptsFile, lists]);
  if (promptsFile !== undefined) return { prompts: await readLines(promptsFile, stdin), isList: true };
  const given = texts ?? lists;
  if (given !== undefined) return { prompts: given, isList: given.length > 1 };
  const text = (await readTextInput({ words, file: promptFile }, stdin)) ?? '';
  const isRead = promptFile !== undefined || words[0] === '-';
  return { prompts: [isRead && typeof text === 'string' ? withoutLastBreak(text) : text], isList: false };
}

async function readLines(location: string, stdin: InputStream): Promise<readonly string[]> {
  const lines = (await readText(location, stdin)).split(/\r?\n/).filter((line) => line !== '');
  if (lines.length === 0) throw new Error(`Cannot read the prompts of ${location}: there are none`);
  return lines;
}
