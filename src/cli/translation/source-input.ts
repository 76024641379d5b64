import type { Prompt } from '../../llm/generate-options.ts';
import { UsageError } from '../exit-codes.ts';
import type { InputStream } from '../io.ts';
import { readText, requireOneSource, withoutLastBreak } from '../text-input.ts';

/** How the texts of a command are given. */
export interface SourceFlags {
  readonly file?: string;
  readonly whole?: boolean;
  readonly tokenIds?: readonly (readonly number[])[];
}

export interface Sources {
  /** At least one. */
  readonly sources: readonly Prompt[];
  /** Whether each gets a line, even if there is only one. */
  readonly isList: boolean;
}

/** The texts that a command is given. Throws a `UsageError` if there is none, or they are given in several ways. */
export async function readSources(
  words: readonly string[],
  { file, whole, tokenIds }: SourceFlags,
  stdin: InputStream,
): Promise<Sources> {
  requireOneSource([words[0], file, tokenIds]);
  if (tokenIds !== undefined) return { sources: tokenIds, isList: tokenIds.length > 1 };
  const location = words.length === 1 && words[0] === '-' ? '-' : file;
  if (whole && location === undefined) throw new UsageError('Cannot read the text: --whole is of a file or stdin');
  if (location !== undefined) {
    const text = withoutLastBreak(await readText(location, stdin));
    return whole ? { sources: [text], isList: false } : { sources: text.split(/\r?\n/), isList: true };
  }
  if (words.length > 0) return { sources: [words.join(' ')], isList: false };
  throw new UsageError('Cannot read the text: there is none; give it as an argument, or with --file');
}
