import type { JsonFields } from '../../config/json-fields.ts';
import type { AddedToken } from './added-tokens.ts';

const MAX_ID = 1 << 24;

/** The tokens of `added_tokens_decoder` of tokenizer_config.json. Throws a `RangeError` for ids and tokens that do not hold. */
export function configuredTokens(config: JsonFields): readonly AddedToken[] {
  const decoder = config.object('added_tokens_decoder');
  return (decoder?.keys ?? []).map((key) => {
    const fields = decoder!.object(key);
    const id = Number(key);
    if (fields === undefined || !Number.isInteger(id) || id < 0 || id > MAX_ID)
      throw new RangeError(`Cannot read ${decoder!.location}: ${JSON.stringify(key)} is no id of a token`);
    return {
      id,
      content: fields.string('content'),
      isSpecial: fields.boolean('special', false),
      stripsLeft: fields.boolean('lstrip', false),
      stripsRight: fields.boolean('rstrip', false),
    };
  });
}

/** Added tokens, of which later ones replace those of the same text, and a vocabulary that has them. */
export function withAddedTokens(
  tokens: readonly (string | undefined)[],
  ...lists: readonly (readonly AddedToken[])[]
): { readonly tokens: readonly (string | undefined)[]; readonly addedTokens: readonly AddedToken[] } {
  const addedTokens = [...new Map(lists.flat().map((token) => [token.content, token])).values()];
  const filled = [...tokens];
  for (const { id, content } of addedTokens) {
    while (filled.length < id) filled.push(undefined);
    filled[id] = content;
  }
  return { tokens: filled, addedTokens };
}
