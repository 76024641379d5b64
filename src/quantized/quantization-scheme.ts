/** Columns of a matrix that the kernels go over with one scale; larger groups are several of them. */
export const QUANTIZATION_BLOCK = 32;

/** Types that scales are rounded to. */
const SCALE_DTYPES = ['float32', 'float16', 'bfloat16'] as const;

/**
 * How the weights of a matrix are codes of few bits: `scale · code` where the scheme is symmetric (codes −128 … 127 or −8 … 7), and
 * `scale · code + minimum` where it is not (codes 0 … 15, of 4 bits only). A zero point z, a code that stands for 0, is a minimum of
 * −scale · z.
 */
export interface QuantizationScheme {
  readonly bits: 8 | 4;
  /** Columns of a row that share a scale, and a minimum: a multiple of 32 (the last group may have fewer), or all of them. */
  readonly groupSize: number | 'row';
  readonly isSymmetric: boolean;
  /** What the scales are rounded to. Those of bfloat16 take two bytes on a device, the others four. */
  readonly scaleDType: (typeof SCALE_DTYPES)[number];
}

/** Schemes by the names that users give them. */
export const QUANTIZATIONS = {
  /** 8 bits, groups of 32. */
  int8: scheme(8, 32, true),
  'int8-row': scheme(8, 'row', true),
  /** 4 bits, groups of 32. */
  int4: scheme(4, 32, true),
  'int4-128': scheme(4, 128, true),
  'int4-zero-point': scheme(4, 32, false),
  'int4-128-zero-point': scheme(4, 128, false),
} as const satisfies Readonly<Record<string, QuantizationScheme>>;

/** A name of `QUANTIZATIONS`. */
export type QuantizationName = keyof typeof QUANTIZATIONS;

export const QUANTIZATION_NAMES = Object.keys(QUANTIZATIONS) as readonly QuantizationName[];

function scheme(bits: 8 | 4, groupSize: number | 'row', isSymmetric: boolean): QuantizationScheme {
  return Object.freeze({ bits, groupSize, isSymmetric, scaleDType: 'bfloat16' });
}

/** Throws a `RangeError` for a scheme that cannot be. */
export function checkScheme({ bits, groupSize, isSymmetric, scaleDType }: QuantizationScheme): void {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot quantise: ${problem}`);
  };
  if (bits !== 8 && bits !== 4) fail(`${JSON.stringify(bits)} bits, wanted 8 or 4`);
  const isWhole = groupSize === 'row' || (Number.isSafeInteger(groupSize) && groupSize > 0 && groupSize % 32 === 0);
  if (!isWhole)
    fail(`groups of ${JSON.stringify(groupSize)} columns, wanted a multiple of ${QUANTIZATION_BLOCK} or "row"`);
  if (bits === 8 && !isSymmetric) fail('8 bits with minima, wanted a symmetric scheme or 4 bits');
  if (!SCALE_DTYPES.includes(scaleDType))
    fail(`scales are ${JSON.stringify(scaleDType)}, wanted ${SCALE_DTYPES.join(', ')}`);
}

/** Groups of a row. */
export function groupsPerRow({ groupSize }: QuantizationScheme, columns: number): number {
  return groupSize === 'row' ? 1 : Math.ceil(columns / groupSize);
}

/** The scheme in words: `int4, groups of 32, bfloat16 scales`. */
export function describeScheme({ bits, groupSize, isSymmetric, scaleDType }: QuantizationScheme): string {
  const group = groupSize === 'row' ? 'a scale a row' : `groups of ${groupSize}`;
  return [`int${bits}`, group, ...(isSymmetric ? [] : ['minima']), `${scaleDType} scales`].join(', ');
}
