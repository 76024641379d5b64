import { CACHE_BLOCK_SIZE, type CacheShape } from '../../backend/backend.ts';
import type { MemoryLayout } from '../../backend/memory-layout.ts';
import { linearNeedsPrepare, linearPackedBytes, linearScratchBytes, matrixByteLength } from './matrix-layout.ts';

const ALIGNMENT = 64;

/** What the WebAssembly backend takes for what with `threads` threads. */
export function wasmMemoryLayout(threads: number): MemoryLayout {
  return {
    fixedBytes: 0,
    bufferBytes: (length) => align(4 * length),
    matrixBytes: (dtype, rows, columns) => align(matrixByteLength(dtype, rows, columns)),
    cacheBytes: (shape) => align(cacheByteLength(shape)),
    linearScratchBytes: (rows, dtype, outputs, inputs) =>
      threads * align(linearScratchBytes(dtype, rows, inputs, outputs)) +
      (linearNeedsPrepare(rows, inputs, outputs, dtype) ? align(linearPackedBytes(rows, inputs)) : 0),
    attentionScratchBytes: () => 0,
    pagedAttentionScratchBytes: () => 0,
  };
}

/** Keys [block][head][D][16], values [block][head][16][D padded to 4], float32. */
function cacheByteLength({ numBlocks, kvHeads, headSize }: CacheShape): number {
  const paddedHead = Math.ceil(headSize / 4) * 4;
  return 4 * numBlocks * kvHeads * CACHE_BLOCK_SIZE * (headSize + paddedHead);
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
