import { UsageError } from './exit-codes.ts';
import { type Flag, longNameOf, optionOf } from './flags.ts';

/** A message of the library that speaks of `--top-k` and not of `topK`; what is in quotes stays. */
export function inFlagNames(message: string, flags: readonly Flag[]): string {
  const longNames = longNamesOf(flags);
  return message.replace(/"(?:[^"\\]|\\.)*"|\w+/g, (word) => longNames.get(word) ?? word);
}

/**
 * Runs `body`. An error of the library that names an option of ours means that the command is wrong: it becomes a
 * `UsageError` that names the flag.
 */
export async function speakingOfFlags<Result>(flags: readonly Flag[], body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    // Names that are words, such as "stop", may be meant as words.
    const longNames = new Map([...longNamesOf(flags)].filter(([name]) => /[A-Z]/.test(name)));
    const message = error.message.replace(/\w+/g, (word) => longNames.get(word) ?? word);
    throw message === error.message ? error : new UsageError(message, { cause: error });
  }
}

function longNamesOf(flags: readonly Flag[]): ReadonlyMap<string, string> {
  return new Map(flags.map((flag) => [optionOf(flag), longNameOf(flag)]));
}
