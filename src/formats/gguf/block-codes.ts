import type { QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import type { QuantizedValues } from '../../quantized/quantized-matrix.ts';
import type { BlockType } from './block-type.ts';
import { codesOfQ4_0 } from './blocks/q4-0.ts';
import { codesOfQ4_1 } from './blocks/q4-1.ts';
import { codesOfQ4_K } from './blocks/q4-k.ts';
import { codesOfQ5_0 } from './blocks/q5-0.ts';
import { codesOfQ8_0 } from './blocks/q8-0.ts';

interface Codes {
  readonly scheme: QuantizationScheme;
  readonly read: (bytes: Uint8Array, values: QuantizedValues) => void;
}

const SYMMETRIC = { groupSize: 32, isSymmetric: true, scaleDType: 'float16' } as const;
const WITH_MINIMA = { bits: 4, groupSize: 32, isSymmetric: false } as const;

/** The types whose numbers a scheme has, every one of them; the others have groups of 16, or more than 4 bits and minima. */
const CODES: { readonly [Name in BlockType]?: Codes } = {
  q8_0: { scheme: { bits: 8, ...SYMMETRIC }, read: codesOfQ8_0 },
  q5_0: { scheme: { bits: 8, ...SYMMETRIC }, read: codesOfQ5_0 },
  q4_0: { scheme: { bits: 4, ...SYMMETRIC }, read: codesOfQ4_0 },
  q4_1: { scheme: { ...WITH_MINIMA, scaleDType: 'float16' }, read: codesOfQ4_1 },
  q4_k: { scheme: { ...WITH_MINIMA, scaleDType: 'float32' }, read: codesOfQ4_K },
};

/** The scheme that keeps blocks of a type without loss; undefined where there is none. */
export function schemeOfBlocks(type: string): QuantizationScheme | undefined {
  return Object.hasOwn(CODES, type) ? CODES[type as BlockType]?.scheme : undefined;
}

/** Fills codes, scales and minima with those of whole blocks: what they stand for is what `dequantizeBlocks` gives, to the bit. */
export function readBlockCodes(type: BlockType, bytes: Uint8Array, values: QuantizedValues): void {
  const codes = CODES[type];
  if (codes === undefined) throw new TypeError(`Cannot read the codes of ${type} blocks: no scheme has them`);
  codes.read(bytes, values);
}
