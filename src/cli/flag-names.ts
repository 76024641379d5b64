import { UsageError } from './exit-codes.ts';
import { type Flag, longNameOf, optionOf } from './flags.ts';

/** What a command line calls the options of the library: `--top-k` for `topK`. */
export type FlagNames = ReadonlyMap<string, string>;

export function flagNames(...tables: readonly (readonly Flag[])[]): FlagNames {
  return new Map(tables.flat().map((flag) => [optionOf(flag), longNameOf(flag)]));
}

/** A message of the library that speaks of flags; what is in quotes stays. */
export function inFlagNames(message: string, names: FlagNames): string {
  return message.replace(/"(?:[^"\\]|\\.)*"|\w+/g, (word) => names.get(word) ?? word);
}

/**
 * Runs `body`. An error of the library that names an option of ours means that the command is wrong: it becomes a
 * `UsageError` that names the flag.
 */
export async function speakingOfFlags<Result>(names: FlagNames, body: () => Promise<Result>): Promise<Result> {
  // Names that are words, such as "stop", may be meant as words.
  const unmistakable = new Map([...names].filter(([name]) => /[A-Z]/.test(name)));
  try {
    return await body();
  } catch (error) {
    const isOurs = (error instanceof TypeError || error instanceof RangeError) && /^Cannot [^:]+: /.test(error.message);
    if (!isOurs) throw error;
    const message = inFlagNames(error.message, unmistakable);
    throw message === error.message ? error : new UsageError(message, { cause: error });
  }
}
