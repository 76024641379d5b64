import { InvalidArgumentError } from 'commander';
import {
  type OptionReader,
  oneOf,
  strings,
  text,
  boolean as trueOrFalse,
  wholeNumber,
} from '../../config/option-readers.ts';
import type { Flag } from '../flags.ts';

/** A setting of a run: a flag of the command line, and under the flag's name in camel case a key of the run file. */
export interface Setting<Value> {
  /** As commander writes it: `--learning-rate <rate>`. */
  readonly flags: string;
  readonly description: string;
  /** Checks a value of the run file, and one of the command line once it is no longer text. */
  readonly read: OptionReader<Value>;
  /** What the text on the command line means; undefined for a switch. */
  readonly convert: ((text: string) => unknown) | undefined;
  /** The flag may be repeated; the run file has a list. */
  readonly isList?: boolean;
  readonly isRare?: boolean;
}

type Words = readonly [flags: string, description: string];

/** A switch. */
export function boolean(...[flags, description]: Words): Setting<boolean> {
  return { flags, description, read: trueOrFalse, convert: undefined };
}

/** A whole number of at least `min`. */
export function count(min: number, ...[flags, description]: Words): Setting<number> {
  return { flags, description, read: wholeNumber(min), convert: toNumber };
}

/** A number that `read` takes. */
export function real(read: OptionReader<number>, ...[flags, description]: Words): Setting<number> {
  return { flags, description, read, convert: toNumber };
}

export function choice<const Name extends string>(
  names: readonly Name[],
  ...[flags, description]: Words
): Setting<Name> {
  return { flags, description, read: oneOf(...names), convert: (text) => text };
}

/** A text that is not empty. */
export function string(...[flags, description]: Words): Setting<string> {
  return { flags, description, read: filled, convert: (text) => text };
}

export function list(...[flags, description]: Words): Setting<readonly string[]> {
  return { flags, description, read: strings, convert: (text) => text, isList: true };
}

/** Stands among "More:" at the end of the help. */
export function rare<Value>(setting: Setting<Value>): Setting<Value> {
  return { ...setting, isRare: true };
}

/** The row of the command's table of flags. */
export function flagOf(setting: Setting<unknown>): Flag {
  const { flags, description, isRare = false, convert } = setting;
  if (convert === undefined) return { flags, description, isRare };
  const parse = (given: string, previous: unknown) => {
    const value = checked(setting, convert(given));
    return setting.isList
      ? [...((previous as readonly unknown[] | undefined) ?? []), ...(value as readonly unknown[])]
      : value;
  };
  return { flags, description, isRare, parse };
}

/** Commander says of which flag, and what was given. */
function checked({ read }: Setting<unknown>, value: unknown): unknown {
  try {
    return read(value, () => '');
  } catch (error) {
    const message = (error as Error).message.replace(/^, but it/, 'It');
    throw new InvalidArgumentError(`${message}.`);
  }
}

const filled: OptionReader<string> = (value, describe) => {
  const string = text(value, describe);
  if (string === '') throw new RangeError(`${describe(value)}, but it must not be empty`);
  return string;
};

/** Not a number for the empty text, which `Number` takes for 0. */
function toNumber(given: string): number {
  return given.trim() === '' ? Number.NaN : Number(given);
}
