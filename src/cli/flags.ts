import { type Command, InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../base/suggest.ts';

/** One option of a command: a row of a table that several commands share. */
export interface Flag {
  /** As commander writes it: `-n, --max-new-tokens <count>`. */
  readonly flags: string;
  readonly description: string;
  /** Reads a value; `previous` is that of the same option before, if it may be repeated. */
  readonly parse?: (value: string, previous: unknown) => unknown;
  /** Another system's name for an option of ours: understood, and left out of the help. */
  readonly isHidden?: boolean;
}

export const OUTPUT_FLAGS: readonly Flag[] = [
  { flags: '--json', description: 'print JSON on stdout, and nothing else' },
  { flags: '--debug', description: 'show where errors come from (also KVASIR_DEBUG=1)' },
];

/** Adds the rows of a table to a command, under a title of its help. */
export function addFlags(command: Command, title: string, table: readonly Flag[]): void {
  for (const flag of table) {
    const option = toOption(flag).helpGroup(title);
    command.addOption(flag.isHidden ? option.hideHelp() : option);
  }
}

/** The property of the parsed options that holds a flag's value: `topK` of `--top-k`. */
export function attributeOf(flag: Flag): string {
  return toOption(flag).attributeName();
}

/** `--top-k` */
export function longNameOf(flag: Flag): string {
  return toOption(flag).long!;
}

function toOption({ flags, description, parse }: Flag): Option {
  const option = new Option(flags, description);
  return parse === undefined ? option : option.argParser(parse);
}

/** A whole number of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Wanted a whole number of at least ${min}.`);
  };
}

export function decimal(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Wanted a number.');
}

export function oneOf(known: readonly string[]): (text: string) => string {
  return (text) => {
    if (known.includes(text)) return text;
    throw new InvalidArgumentError(`Unknown${didYouMean(text, known) || '.'} Known: ${known.join(', ')}.`);
  };
}

/** Token ids with commas or spaces between them. */
export function tokenIds(text: string): readonly number[] {
  return text
    .split(/[\s,]+/)
    .filter((id) => id !== '')
    .map(wholeNumber(0));
}

/** For an option that may be given several times. */
export function collect(text: string, previous: unknown): readonly string[] {
  return [...((previous as readonly string[] | undefined) ?? []), text];
}
