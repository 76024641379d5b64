import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../base/suggest.ts';

/** A whole number of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Wanted a whole number of at least ${min}.`);
  };
}

export function decimal(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Wanted a number.');
}

export function oneOf(known: readonly string[]): (text: string) => string {
  return (text) => {
    if (known.includes(text)) return text;
    throw new InvalidArgumentError(`Unknown${didYouMean(text, known) || '.'} Known: ${known.join(', ')}.`);
  };
}

/** Names with commas between them. */
export function listOf(known: readonly string[]): (text: string) => readonly string[] {
  return (text) => parts(text).map(oneOf(known));
}

/** Whole numbers of at least `min` with commas or spaces between them; at least one. */
export function wholeNumbers(min: number): (text: string) => readonly number[] {
  return (text) => {
    const numbers = parts(text).map(wholeNumber(min));
    if (numbers.length > 0) return numbers;
    throw new InvalidArgumentError(`Wanted whole numbers of at least ${min}.`);
  };
}

/** Token ids with commas or spaces between them. */
export function tokenIds(text: string): readonly number[] {
  return parts(text).map(wholeNumber(0));
}

/** Two numbers, as `start,factor`. */
export function twoNumbers(text: string): readonly number[] {
  const numbers = parts(text).map(decimal);
  if (numbers.length === 2) return numbers;
  throw new InvalidArgumentError('Wanted two numbers with a comma between them.');
}

/** For an option that may be given several times. */
export function collect(text: string, previous: unknown): readonly string[] {
  return [...((previous as readonly string[] | undefined) ?? []), text];
}

/** Lists of token ids, one each time the option is given. */
export function collectTokenIds(text: string, previous: unknown): readonly (readonly number[])[] {
  return [...((previous as readonly (readonly number[])[] | undefined) ?? []), tokenIds(text)];
}

/** Biases by token id, one or more each time the option is given: `50256=-100,13=2`. */
export function collectBiases(text: string, previous: unknown): ReadonlyMap<number, number> {
  const biases = new Map(previous as ReadonlyMap<number, number> | undefined);
  for (const part of parts(text)) {
    const [id, bias] = keyAndValue(part, 'Wanted a token id and its bias, as 50256=-100.');
    biases.set(wholeNumber(0)(id), decimal(bias));
  }
  return biases;
}

export interface SequenceBias {
  readonly tokenIds: readonly number[];
  readonly bias: number;
}

/** Biases of token sequences, one each time the option is given: `464,3290=-5`. */
export function collectSequenceBiases(text: string, previous: unknown): readonly SequenceBias[] {
  const [ids, bias] = keyAndValue(text, 'Wanted token ids and their bias, as 464,3290=-5.');
  const list = (previous as readonly SequenceBias[] | undefined) ?? [];
  return [...list, { tokenIds: tokenIds(ids), bias: decimal(bias) }];
}

/** Settings by name: a JSON object, or `bias=3,seedingScheme=selfhash`. */
export function settings(text: string): Readonly<Record<string, unknown>> {
  const wanted = 'Wanted settings as name=value with commas between them, or a JSON object.';
  if (text.trimStart().startsWith('{')) return jsonObject(text, wanted);
  const entries = parts(text).map((part) => keyAndValue(part, wanted));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]),
  );
}

function jsonObject(text: string, wanted: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(wanted);
  }
}

function keyAndValue(text: string, wanted: string): readonly [key: string, value: string] {
  const match = /^([^=]+)=([^=]+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError(wanted);
  return [match[1]!, match[2]!];
}

function parts(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}
