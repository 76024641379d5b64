/** Checks one value of an option; throws a `TypeError` for a wrong type and a `RangeError` for an impossible value. */
export type OptionReader<Value> = (value: unknown, describe: Describe) => Value;

/** Starts the error message: `Cannot read generation options: top_p is 2`. */
export type Describe = (value: unknown) => string;

export const boolean: OptionReader<boolean> = (value, describe) => {
  if (typeof value !== 'boolean') throw new TypeError(`${describe(value)}, but it must be true or false`);
  return value;
};

/** A whole number from `min` on that a JavaScript number holds exactly. */
export function wholeNumber(min: number): OptionReader<number> {
  return (value, describe) => {
    if (typeof value !== 'number') throw new TypeError(`${describe(value)}, but it must be a number`);
    if (!Number.isSafeInteger(value) || value < min) {
      throw new RangeError(
        `${describe(value)}, but it must be a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}`,
      );
    }
    return value;
  };
}

/** A finite number for which `holds`, described by `wanted`. */
export function number(holds: (value: number) => boolean, wanted: string): OptionReader<number> {
  return (value, describe) => {
    if (typeof value !== 'number') throw new TypeError(`${describe(value)}, but it must be a number`);
    if (!Number.isFinite(value) || !holds(value)) throw new RangeError(`${describe(value)}, but it must be ${wanted}`);
    return value;
  };
}

/** One token id or a list of them; duplicates are dropped. */
export const tokenIds: OptionReader<readonly number[]> = (value, describe) => {
  const readId = wholeNumber(0);
  const ids = Array.isArray(value) ? value : [value];
  return [...new Set(ids.map((id: unknown) => readId(id, describe)))];
};

/** One string or a list of them; duplicates are dropped. */
export const strings: OptionReader<readonly string[]> = (value, describe) => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(list.map((text) => nonEmptyString(text, describe)))];
};

const nonEmptyString: OptionReader<string> = (value, describe) => {
  if (typeof value !== 'string')
    throw new TypeError(`${describe(value)}, but it must be a string or a list of strings`);
  if (value === '') throw new RangeError(`${describe(value)}, but it must not be empty`);
  if (/\p{Surrogate}/u.test(value)) throw new RangeError(`${describe(value)}, but it must not hold half a character`);
  return value;
};

/** true or false, or a whole number. */
export const booleanOrCount: OptionReader<boolean | number> = (value, describe) =>
  typeof value === 'boolean' ? value : wholeNumber(0)(value, describe);
