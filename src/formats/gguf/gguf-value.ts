/** The types of GGUF metadata, by their numbers in the file. */
export const VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type ValueType = (typeof VALUE_TYPES)[number];
export type NumberType = Exclude<ValueType, 'bool' | 'string' | 'array'>;

/** Bytes of a number, and of a bool. */
export const VALUE_BYTES: { readonly [Name in NumberType | 'bool']: number } = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  uint64: 8,
  int64: 8,
  float64: 8,
};

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/**
 * A value of GGUF metadata. Whole numbers of 64 bits beyond 2⁵³ are rounded to a double; a float32 is the shortest decimal
 * number that rounds to it, which is the one that was meant (0.00001, not 0.0000099999997).
 */
export type GgufValue = number | boolean | string | NumberArray | readonly GgufValue[];

/** The shortest decimal number that rounds to the same float32. */
export function shortestDecimal(float32: number): number {
  if (!Number.isFinite(float32)) return float32;
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(float32.toPrecision(digits));
    if (Math.fround(decimal) === float32) return decimal;
  }
  return Number(float32.toPrecision(9));
}
