import { didYouMean } from '../base/suggest.ts';

/** Throws a `TypeError` for an option that there is not. */
export function requireKnownOptions(action: string, options: object, known: readonly string[]): void {
  const foreign = Object.keys(options).find((name) => !known.includes(name));
  if (foreign !== undefined)
    throw new TypeError(`${action}: unknown option ${JSON.stringify(foreign)}${didYouMean(foreign, known)}`);
}
