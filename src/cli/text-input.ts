import { platform } from '#platform';
import { UsageError } from './exit-codes.ts';
import type { InputStream } from './io.ts';

/** Where a command may take its text from: at most one of them is given. */
export interface TextSources {
  /** The command's arguments, which are joined by spaces; a single `-` is stdin. */
  readonly words: readonly string[];
  /** A path; `-` is stdin. */
  readonly file?: string | undefined;
  readonly tokenIds?: readonly number[] | undefined;
}

/** The text or the token ids that a command is given, or undefined. Throws a `UsageError` for more than one source. */
export async function readTextInput(
  { words, file, tokenIds }: TextSources,
  stdin: InputStream,
): Promise<string | readonly number[] | undefined> {
  requireOneSource([words[0], file, tokenIds]);
  if (tokenIds !== undefined) return tokenIds;
  if (words.length === 1 && words[0] === '-') return readText('-', stdin);
  if (file !== undefined) return readText(file, stdin);
  return words.length === 0 ? undefined : words.join(' ');
}

/** Throws a `UsageError` if more than one is given. */
export function requireOneSource(sources: readonly unknown[]): void {
  const numGiven = sources.filter((source) => source !== undefined).length;
  if (numGiven > 1) throw new UsageError(`Cannot read the text: it is given in ${numGiven} ways, wanted one`);
}

/** The text of a file; `-` is stdin. */
export async function readText(location: string, stdin: InputStream): Promise<string> {
  if (location === '-') return readStream(stdin);
  const text = await platform.readText(location);
  if (text === undefined) throw new Error(`Cannot read ${location}: there is no such file`);
  return text;
}

/** A text as people end it in an editor, without that line break. */
export function withoutLastBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}

async function readStream(stream: InputStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
