import { didYouMean } from '../base/suggest.ts';
import type { OptionReader } from './option-readers.ts';
import { showValue } from './show-value.ts';

/** What a table of readers gives: a value for each name, undefined where none was given. */
export type ReadValues<Readers> = {
  readonly [Name in keyof Readers]?: Readers[Name] extends OptionReader<infer Value> ? Value | undefined : never;
};

/**
 * Checks options by a table of readers; `undefined` means absent. Throws a `TypeError` for what is no object and for unknown
 * names, and what the readers throw.
 */
export function readOptions<const Readers extends Readonly<Record<string, OptionReader<unknown>>>>(
  input: unknown,
  readers: Readers,
  source: string,
): ReadValues<Readers> {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new TypeError(`Cannot read ${source}: ${showValue(input)}, but it must be an object`);
  const names = Object.keys(readers);
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (!names.includes(name))
      throw new TypeError(`Cannot read ${source}: unknown option ${JSON.stringify(name)}${didYouMean(name, names)}`);
    if (value === undefined) continue;
    values[name] = readers[name]!(value, (shown) => `Cannot read ${source}: ${name} is ${showValue(shown)}`);
  }
  return values as ReadValues<Readers>;
}
