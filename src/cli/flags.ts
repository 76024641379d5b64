import { type Command, Option } from 'commander';

/** One option of a command: a row of a table that several commands share. */
export interface Flag {
  /** As commander writes it: `-n, --max-new-tokens <count>`. */
  readonly flags: string;
  readonly description: string;
  /** Reads a value; `previous` is that of the same option before, if it may be repeated. */
  readonly parse?: (value: string, previous: unknown) => unknown;
  /** What an optional value is where it is left out; true unless given. */
  readonly preset?: unknown;
  /** The library's name of the option, where it is not the flag's own in camel case. */
  readonly option?: string;
  /** Another system's name for an option of ours: understood, and left out of the help. */
  readonly isHidden?: boolean;
  /** Stands at the end of the help. */
  readonly isRare?: boolean;
}

/** A table with its title in the help. */
export type FlagGroup = readonly [title: string, flags: readonly Flag[]];

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

/** Adds tables, and at last under "More:" the rare options of all of them. */
export function addFlagGroups(command: Command, groups: readonly FlagGroup[]): void {
  for (const [title, flags] of groups) {
    addFlags(
      command,
      title,
      flags.filter(({ isRare }) => !isRare),
    );
  }
  const rare = groups.flatMap(([, flags]) => flags.filter(({ isRare }) => isRare));
  addFlags(command, 'More:', rare);
}

/** The values that were given, by the names of the library. */
export function valuesOf(flags: readonly Flag[], parsed: object): Readonly<Record<string, unknown>> {
  const values = parsed as Readonly<Record<string, unknown>>;
  const given = flags.flatMap((flag) => {
    const option = toOption(flag);
    const value = values[option.attributeName()];
    // Where --no-cache is not given, cache is true.
    const isAbsent = value === undefined || (option.negate && value === true);
    return isAbsent ? [] : [[optionOf(flag), value === true ? (flag.preset ?? true) : value] as const];
  });
  return Object.fromEntries(given);
}

/** The library's name of an option: `topK` of `--top-k`. */
export function optionOf(flag: Flag): string {
  return flag.option ?? toOption(flag).attributeName();
}

/** `--top-k` */
export function longNameOf(flag: Flag): string {
  return toOption(flag).long!;
}

function toOption({ flags, description, parse }: Flag): Option {
  const option = new Option(flags, description);
  // Commander takes --no-repeat-ngram-size <size> for the negation of --repeat-ngram-size.
  if (option.required || option.optional) option.negate = false;
  return parse === undefined ? option : option.argParser(parse);
}
