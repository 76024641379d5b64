import { QUANTIZATION_BLOCK, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import { alignedBytes } from './heap.ts';

// The host's side of assembly/quantized-layout.ts: how the kernels call a scheme, and how many bytes they want.

/** Rows of a block. */
const PANEL_ROWS = 8;
/** From this many rows on, `linear` goes over whole panels at once. */
const MANY_ROWS = 32;
/** Between what two threads write, further than a prefetcher runs ahead. */
const THREAD_GAP = 4096;

/** How the kernels call a scheme. */
export function schemeCode({ bits, isSymmetric, scaleDType }: QuantizationScheme): number {
  const isWide = scaleDType !== 'bfloat16';
  if (bits === 8) return isWide ? 4 : 3;
  if (!isSymmetric) return 7;
  return isWide ? 6 : 5;
}

/** Bytes of a quantised matrix, rows and columns padded to whole blocks, and for 8 bits of the sums of their rows. */
export function quantizedByteLength(scheme: QuantizationScheme, rows: number, columns: number): number {
  const { bits, isSymmetric, scaleDType } = scheme;
  const scaleBytes = isSymmetric ? (scaleDType === 'bfloat16' ? 2 : 4) : 8;
  const sumBytes = bits === 8 ? 2 : 0;
  const blockBytes = PANEL_ROWS * ((QUANTIZATION_BLOCK * bits) / 8 + scaleBytes + sumBytes);
  return Math.ceil(rows / PANEL_ROWS) * numBlocks(columns) * blockBytes;
}

/** Where the scratch memory of a quantised `linear` has what; offsets in bytes. */
interface QuantizedScratch {
  /** Codes of the input come first; then their scales. */
  readonly scales: number;
  /** Sums of the codes of a block. */
  readonly totals: number;
  /** What each thread has to itself: sums, and for many rows a panel of 4 bits unpacked to bytes. */
  readonly threads: number;
  readonly threadBytes: number;
  readonly bytes: number;
}

/** Scratch of `linear` over `rows` rows of input: they are quantised first. */
export function quantizedScratch(
  { bits }: QuantizationScheme,
  { rows, inputs, threads }: { readonly rows: number; readonly inputs: number; readonly threads: number },
): QuantizedScratch {
  const blocks = numBlocks(inputs);
  const tileRows = rows === 1 ? 1 : Math.ceil(rows / 2) * 2;
  const codeBytes = rows === 1 && bits === 8 ? 2 : 1;
  const scales = alignedBytes(tileRows * blocks * QUANTIZATION_BLOCK * codeBytes);
  const totals = scales + alignedBytes(4 * tileRows * blocks);
  const threadsAt = totals + (bits === 8 ? 0 : alignedBytes(4 * tileRows * blocks));
  const sums = 4 * PANEL_ROWS * 4 * (rows < MANY_ROWS ? tileRows : 4);
  const unpackedBytes = bits === 8 || rows < MANY_ROWS ? 0 : PANEL_ROWS * blocks * QUANTIZATION_BLOCK;
  const threadBytes = alignedBytes(sums + unpackedBytes) + THREAD_GAP;
  return { scales, totals, threads: threadsAt, threadBytes, bytes: threadsAt + threads * threadBytes };
}

function numBlocks(columns: number): number {
  return Math.ceil(columns / QUANTIZATION_BLOCK);
}
