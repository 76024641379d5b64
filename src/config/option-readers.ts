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

/** true or false, or a whole number. */
export const booleanOrCount: OptionReader<boolean | number> = (value, describe) =>
  typeof value === 'boolean' ? value : wholeNumber(0)(value, describe);

/** One of two or more values. */
export function oneOf<const Choices extends readonly (string | number | boolean)[]>(
  ...choices: Choices
): OptionReader<Choices[number]> {
  const names = choices.map((choice) => JSON.stringify(choice));
  const wanted = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  return (value, describe) => {
    const choice: Choices[number] | undefined = choices.find((one) => one === value);
    if (choice !== undefined) return choice;
    const ErrorClass = choices.some((one) => typeof one === typeof value) ? RangeError : TypeError;
    throw new ErrorClass(`${describe(value)}, but it must be ${wanted}`);
  };
}

/** A string, which may be empty. */
export const text: OptionReader<string> = (value, describe) => {
  if (typeof value !== 'string') throw new TypeError(`${describe(value)}, but it must be a string`);
  requireWhole(value, describe);
  return value;
};

/** One string or a list of them, none empty; duplicates are dropped. */
export const strings: OptionReader<readonly string[]> = (value, describe) => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return Object.freeze([...new Set(list.map((one) => nonEmptyString(one, describe)))]);
};

const nonEmptyString: OptionReader<string> = (value, describe) => {
  if (typeof value !== 'string')
    throw new TypeError(`${describe(value)}, but it must be a string or a list of strings`);
  if (value === '') throw new RangeError(`${describe(value)}, but it must not be empty`);
  requireWhole(value, describe);
  return value;
};

function requireWhole(value: string, describe: Describe): void {
  if (/\p{Surrogate}/u.test(value)) throw new RangeError(`${describe(value)}, but it must not hold half a character`);
}

/** A list of strings in which each comes once. */
export const distinctNames: OptionReader<readonly string[]> = (value, describe) => {
  if (!Array.isArray(value)) throw new TypeError(`${describe(value)}, but it must be a list of names`);
  const names = value.map((name) => nonEmptyString(name, describe));
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated !== undefined)
    throw new RangeError(`${describe(value)}, but ${JSON.stringify(repeated)} is in it twice`);
  return Object.freeze(names);
};
