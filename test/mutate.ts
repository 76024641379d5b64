import { philox } from '../src/base/random.ts';

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];

/** Whole numbers below a bound, the same ones for the same seed. */
export function drawsOf(seed: number): (bound: number) => number {
  let draws = 0;
  return (bound) => philox(seed, draws++)[0]! % bound;
}

/** A file with one to four changes: a byte, a number of 4 or 8 bytes, a piece left out, twice or moved, or an early end. */
export function mutate(bytes: Uint8Array<ArrayBuffer>, seed: number): Uint8Array<ArrayBuffer> {
  let result = bytes.slice();
  const draw = drawsOf(seed);
  for (let change = draw(4); change >= 0; change--) {
    const at = draw(result.length);
    const length = Math.min([1, 4, 8, 8][draw(4)]!, result.length - at);
    const kind = draw(8);
    if (kind === 0) result = result.slice(0, at);
    else if (kind === 1) result = joined(result.subarray(0, at), result.subarray(at + length));
    else if (kind === 2) result = joined(result.subarray(0, at + length), result.subarray(at));
    else if (kind === 3) result.copyWithin(at, draw(result.length), result.length - length);
    else if (kind === 4) result.fill(EXTREMES[draw(EXTREMES.length)]!, at, at + length);
    else for (let i = 0; i < (kind === 5 ? length : 1); i++) result[at + i] = draw(256);
    if (result.length === 0) return result;
  }
  return result;
}

export function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

const VALUES = [
  0,
  -1,
  1,
  7,
  8,
  31,
  33,
  1e6,
  2 ** 31,
  2 ** 53,
  1e300,
  0.5,
  '',
  'x',
  null,
  true,
  [],
  {},
  [1, 2],
  'F32',
  'I32',
];

/** JSON in which one value, anywhere, is another, is missing, or has another name. */
export function mutateJson(text: string, seed: number): string {
  const draw = drawsOf(seed);
  const root = JSON.parse(text) as object;
  const places = placesOf(root);
  const { parent, key } = places[draw(places.length)]!;
  const kind = draw(8);
  if (kind === 0 && Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (kind === 0) delete parent[key];
  else if (kind === 1) parent[`${key}x`] = parent[key];
  else parent[key] = VALUES[draw(VALUES.length)];
  return JSON.stringify(root);
}

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

function placesOf(value: object): Place[] {
  return Object.entries(value).flatMap(([key, child]) => [
    { parent: value as Record<string, unknown>, key },
    ...(typeof child === 'object' && child !== null ? placesOf(child) : []),
  ]);
}

const BUILT_IN = [Error, SyntaxError, RangeError, TypeError];

/** Reads what each of `count` seeds makes; gives how many were read. Anything but one of our own messages fails. */
export async function readMutations(count: number, read: (seed: number) => Promise<void>): Promise<number> {
  let numRead = 0;
  for (let seed = 0; seed < count; seed++) {
    try {
      await read(seed);
      numRead++;
    } catch (error) {
      const isOurs = BUILT_IN.some((type) => (error as Error).constructor === type);
      if (!isOurs || !(error as Error).message.startsWith('Cannot '))
        throw new Error(`Mutation ${seed}`, { cause: error });
    }
  }
  return numRead;
}
