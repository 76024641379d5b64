import { platform } from '#platform';
import { UsageError } from './exit-codes.ts';
import type { InputStream } from './io.ts';

/** Where a command may take its text from: at most one of them is given. */
export interface TextSources {
  /** The command's arguments, which are joined by spaces; a single `-` is stdin. */
  readonly words: readonly string[];
  /** The value of an option. */
  readonly text?: string | undefined;
  /** A path; `-` is stdin. */
  readonly file?: string | undefined;
  readonly tokenIds?: readonly number[] | undefined;
}

/** The text or the token ids that a command is given, or undefined. Throws a `UsageError` for more than one source. */
export async function readTextInput(
  { words, text, file, tokenIds }: TextSources,
  stdin: InputStream,
): Promise<string | readonly number[] | undefined> {
  const given = [words[0], text, file, tokenIds].filter((source) => source !== undefined);
  if (given.length > 1) throw new UsageError(`Cannot read the text: it is given in ${given.length} ways, wanted one`);
  if (tokenIds !== undefined) return tokenIds;
  if (text !== undefined) return text;
  if (file === '-' || (words.length === 1 && words[0] === '-')) return readStream(stdin);
  if (file !== undefined) return readFile(file);
  return words.length === 0 ? undefined : words.join(' ');
}

async function readFile(location: string): Promise<string> {
  const text = await platform.readText(location);
  if (text === undefined) throw new Error(`Cannot read ${location}: there is no such file`);
  return text;
}

async function readStream(stream: InputStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
