import { number, type OptionReader, wholeNumber } from './option-readers.ts';

export const tokenId: OptionReader<number> = wholeNumber(0);

/** One token id or a list of them; duplicates are dropped. */
export const tokenIds: OptionReader<readonly number[]> = (value, describe) => {
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  return Object.freeze([...new Set(ids.map((id) => tokenId(id, describe)))]);
};

/** As `tokenIds`, but the list has at least one. */
export const someTokenIds: OptionReader<readonly number[]> = (value, describe) => {
  const ids = tokenIds(value, describe);
  if (ids.length === 0) throw new RangeError(`${describe(value)}, but it must have at least one token id`);
  return ids;
};

/** Token ids in their order, at least one; an id may come several times. */
export const tokenSequence: OptionReader<readonly number[]> = (value, describe) => {
  if (!Array.isArray(value)) throw new TypeError(`${describe(value)}, but it must be a list of token ids`);
  if (value.length === 0) throw new RangeError(`${describe(value)}, but it must have at least one token id`);
  return Object.freeze(value.map((id) => tokenId(id, describe)));
};

/** A list of sequences of token ids. */
export const tokenSequences: OptionReader<readonly (readonly number[])[]> = (value, describe) => {
  if (!Array.isArray(value)) throw new TypeError(`${describe(value)}, but it must be a list of lists of token ids`);
  return Object.freeze(value.map((sequence) => tokenSequence(sequence, describe)));
};

/** What is added to the logit of the last of `tokenIds` wherever the others come right before it. */
export interface SequenceBiasOption {
  readonly tokenIds: readonly number[];
  /** Finite, or −∞ to forbid the sequence. */
  readonly bias: number;
}

/** A list of `{tokenIds, bias}`, or of `[tokenIds, bias]` as Hugging Face writes them. */
export const sequenceBiases: OptionReader<readonly SequenceBiasOption[]> = (value, describe) => {
  const wanted = 'it must be a list of {tokenIds, bias}';
  if (!Array.isArray(value)) throw new TypeError(`${describe(value)}, but ${wanted}`);
  return Object.freeze(
    value.map((entry) => {
      const [ids, bias] = fieldsOf(entry, ['tokenIds', 'token_ids'], ['bias']);
      if (ids === undefined || bias === undefined) throw new TypeError(`${describe(entry)}, but ${wanted}`);
      const isForbidden = bias === Number.NEGATIVE_INFINITY;
      const read = isForbidden ? bias : number(() => true, 'finite or -Infinity')(bias, describe);
      return Object.freeze({ tokenIds: tokenSequence(ids, describe), bias: read });
    }),
  );
};

const biasOfToken = number((value) => value >= -100 && value <= 100, 'from -100 to 100');

/** Biases by token id, as an object (whose keys are strings) or a map. */
export const logitBiases: OptionReader<ReadonlyMap<number, number>> = (value, describe) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${describe(value)}, but it must be an object of biases by token id`);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return new Map(
    entries.map(([key, bias]) => {
      const id = typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key) ? Number(key) : key;
      if (!Number.isSafeInteger(id) || (id as number) < 0)
        throw new TypeError(`${describe(value)} with the key ${JSON.stringify(key)}, but each key must be a token id`);
      return [id as number, biasOfToken(bias, describe)];
    }),
  );
};

/** From which number of generated tokens on, and by which factor each, the stop tokens get likelier. */
export interface LengthDecayOption {
  readonly start: number;
  readonly factor: number;
}

const factorOfDecay = number((value) => value > 0, 'a factor above 0');

/** `{start, factor}`, or `[start, factor]` as Hugging Face writes it. */
export const lengthDecay: OptionReader<LengthDecayOption> = (value, describe) => {
  const [start, factor] = fieldsOf(value, ['start'], ['factor']);
  if (start === undefined || factor === undefined)
    throw new TypeError(`${describe(value)}, but it must be {start, factor}`);
  return Object.freeze({ start: wholeNumber(0)(start, describe), factor: factorOfDecay(factor, describe) });
};

/** Two values: those of a list of two, or those by the names of an object that has no others. */
function fieldsOf(value: unknown, ...names: readonly (readonly string[])[]): readonly unknown[] {
  if (Array.isArray(value)) return value.length === names.length ? value : [];
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  const keys = names.map((spellings) => spellings.find((name) => Object.hasOwn(fields, name)));
  if (Object.keys(fields).length !== names.length) return [];
  return keys.map((key) => (key === undefined ? undefined : fields[key]));
}
