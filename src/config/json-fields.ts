/**
 * Reads typed fields of a JSON object, with errors that name the file, the field, what was there and what was wanted.
 * Fields that are null count as absent, as Python writes None.
 */
export class JsonFields {
  readonly #location: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(location: string, values: unknown) {
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw new TypeError(`Cannot read ${location}: got ${describe(values)}, wanted an object`);
    this.#location = location;
    this.#values = values as Record<string, unknown>;
  }

  /** Parses JSON text; `location` is what errors call it. */
  static parse(location: string, text: string): JsonFields {
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (error) {
      throw new SyntaxError(`Cannot read ${location}: not valid JSON (${(error as Error).message})`);
    }
    return new JsonFields(location, values);
  }

  get location(): string {
    return this.#location;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  /** The field as it is; undefined if absent or null. */
  value(name: string): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === null ? undefined : value;
  }

  /** A whole number of at least `minimum`. */
  count(name: string, fallback?: number, minimum = 1): number {
    return this.#read(
      name,
      fallback,
      `a whole number of at least ${minimum}`,
      (value): value is number => Number.isSafeInteger(value) && (value as number) >= minimum,
    );
  }

  /** A finite number above zero. */
  positive(name: string, fallback?: number): number {
    return this.#read(
      name,
      fallback,
      'a number above 0',
      (value): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0,
    );
  }

  /** A list of `length` finite numbers above zero. */
  positives(name: string, length: number): readonly number[] {
    return this.#read(
      name,
      undefined,
      `${length} numbers above 0`,
      (value): value is number[] =>
        Array.isArray(value) && value.length === length && value.every((one) => Number.isFinite(one) && one > 0),
    );
  }

  /** A number from 0 to below 1. */
  share(name: string, fallback?: number): number {
    return this.#read(
      name,
      fallback,
      'a number from 0 to below 1',
      (value): value is number => typeof value === 'number' && value >= 0 && value < 1,
    );
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#read(name, fallback, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  string(name: string, fallback?: string): string {
    return this.#read(name, fallback, 'a string', (value): value is string => typeof value === 'string');
  }

  /** One of the given strings. */
  oneOf<Choice extends string>(name: string, choices: readonly Choice[], fallback?: Choice): Choice {
    const wanted = `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
    return this.#read(name, fallback, wanted, (value): value is Choice => choices.includes(value as Choice));
  }

  /** A nested object, or undefined. */
  object(name: string): JsonFields | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new JsonFields(`${this.#location}, ${JSON.stringify(name)}`, value);
  }

  /** Token ids: a whole number, a list of them, or nothing. */
  tokenIds(name: string): number[] {
    const value = this.value(name);
    if (value === undefined) return [];
    const ids = Array.isArray(value) ? value : [value];
    if (!ids.every((id) => Number.isSafeInteger(id) && id >= 0))
      this.#fail(name, value, 'a token id or a list of token ids');
    return ids;
  }

  /** Throws unless the field is absent or equals one of `supported`: for settings that change the computation. */
  requireSupported(name: string, supported: readonly unknown[]): void {
    const value = this.value(name);
    if (value === undefined || supported.includes(value)) return;
    throw new RangeError(
      `Cannot read ${this.#location}: ${JSON.stringify(name)} is ${describe(value)}, supported: ${supported.map(describe).join(', ')}`,
    );
  }

  #read<Value>(
    name: string,
    fallback: Value | undefined,
    wanted: string,
    is: (value: unknown) => value is Value,
  ): Value {
    const value = this.value(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (value === undefined) throw new RangeError(`Cannot read ${this.#location}: ${JSON.stringify(name)} is missing`);
    if (!is(value)) this.#fail(name, value, wanted);
    return value;
  }

  #fail(name: string, value: unknown, wanted: string): never {
    throw new RangeError(
      `Cannot read ${this.#location}: ${JSON.stringify(name)} is ${describe(value)}, wanted ${wanted}`,
    );
  }
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
