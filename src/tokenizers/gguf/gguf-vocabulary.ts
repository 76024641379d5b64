import { JsonFields } from '../../config/json-fields.ts';
import type { GgufFile } from '../../formats/gguf/open-gguf.ts';
import { PIECE_TYPES } from '../sentence-piece/piece-types.ts';

/** The tokens of a GGUF file. */
export interface GgufVocabulary {
  /** Names the file in errors, and reads the other metadata. */
  readonly fields: JsonFields;
  readonly tokens: readonly string[];
  /** One a token; normal where the file has none. */
  readonly types: ArrayLike<number>;
}

/** Reads the tokens; throws a `RangeError` for lists that are missing, of other values, or not of one length. */
export function readVocabulary({ location, values }: GgufFile): GgufVocabulary {
  const fields = new JsonFields(location, Object.fromEntries(values));
  const tokens = stringList(fields, 'tokenizer.ggml.tokens');
  if (tokens === undefined) throw new RangeError(`Cannot read ${location}: "tokenizer.ggml.tokens" is missing`);
  const types = numberList(fields, 'tokenizer.ggml.token_type', tokens.length);
  return { fields, tokens, types: types ?? new Uint8Array(tokens.length).fill(PIECE_TYPES.normal) };
}

/** A list of strings, or undefined. */
export function stringList(fields: JsonFields, name: string): readonly string[] | undefined {
  const value = fields.value(name);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new RangeError(`Cannot read ${fields.location}: ${JSON.stringify(name)} is no list of strings`);
}

/** A list of `length` numbers, or undefined. */
export function numberList(fields: JsonFields, name: string, length: number): ArrayLike<number> | undefined {
  const value = fields.value(name);
  if (value === undefined) return undefined;
  if (!ArrayBuffer.isView(value))
    throw new RangeError(`Cannot read ${fields.location}: ${JSON.stringify(name)} is no list of numbers`);
  const numbers = value as unknown as ArrayLike<number>;
  if (numbers.length === length) return numbers;
  throw new RangeError(
    `Cannot read ${fields.location}: ${JSON.stringify(name)} has ${numbers.length} values for ${length} tokens`,
  );
}

/** The token of a role (`bos`, `eos`, `unknown`, `padding`), or undefined; a `RangeError` for one outside the vocabulary. */
export function roleToken({ fields, tokens }: GgufVocabulary, role: string, fallback?: number): string | undefined {
  const key = `tokenizer.ggml.${role}_token_id`;
  const id = fields.tokenIds(key)[0] ?? fallback;
  if (id === undefined || id < tokens.length) return id === undefined ? undefined : tokens[id];
  if (id === fallback) return undefined;
  throw new RangeError(`Cannot read ${fields.location}: "${key}" is ${id}, wanted below ${tokens.length}`);
}
