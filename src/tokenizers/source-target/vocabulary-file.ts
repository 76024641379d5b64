import { platform } from '#platform';
import { JsonFields } from '../../config/json-fields.ts';

const MAX_ID = 1 << 24;

/**
 * Reads a vocabulary as a JSON object of ids by token: the tokens by id. Throws an `Error` if it is missing, and a `RangeError` for
 * ids that do not hold.
 */
export async function readVocabularyFile(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly (string | undefined)[]> {
  const text = await platform.readText(location, options);
  if (text === undefined) throw new Error(`Cannot read ${location}: it is missing`);
  const fields = JsonFields.parse(location, text);
  const tokens = new Map<number, string>();
  let numIds = 0;
  for (const token of fields.keys) {
    const id = fields.value(token);
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_ID || tokens.has(id as number))
      throw new RangeError(
        `Cannot read ${location}: the id of ${JSON.stringify(token)} is ${JSON.stringify(id)}, wanted a whole number from 0 to ${MAX_ID} of its own`,
      );
    tokens.set(id as number, token);
    numIds = Math.max(numIds, (id as number) + 1);
  }
  return Array.from({ length: numIds }, (_, id) => tokens.get(id));
}

/** The id of a token that must be there; throws a `RangeError` that names the file. */
export function expectToken(tokens: readonly (string | undefined)[], token: string, location: string): number {
  const id = tokens.indexOf(token);
  if (id >= 0) return id;
  throw new RangeError(`Cannot read ${location}: it has no token ${JSON.stringify(token)}`);
}
