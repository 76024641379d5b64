import { type ReadOptions, readText } from './read-text.ts';

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** Longer lines are refused, so that a file without line ends is not taken into memory whole. */
const MAX_LINE_LENGTH = 2 ** 24;

/**
 * The lines of a text file, without their ends (`\n` or `\r\n`); an end at the end of the file starts no further line.
 * Throws a `RangeError` for a line of more than 16,777,216 characters, and what `readText` throws.
 */
export async function* readLines(
  location: string,
  options: ReadOptions = {},
  maxLength = MAX_LINE_LENGTH,
): AsyncGenerator<Line> {
  let number = 0;
  let rest = '';
  for await (const chunk of readText(location, options)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const text of lines) yield checkLine(location, { text, number: ++number }, maxLength);
    checkLine(location, { text: rest, number: number + 1 }, maxLength);
  }
  if (rest !== '') yield checkLine(location, { text: rest, number: number + 1 }, maxLength);
}

function checkLine(location: string, { text, number }: Line, maxLength: number): Line {
  if (text.length > maxLength)
    throw new RangeError(
      `Cannot read ${location}, line ${number}: it has more than ${maxLength} characters, wanted a shorter line`,
    );
  return { text: text.endsWith('\r') ? text.slice(0, -1) : text, number };
}
