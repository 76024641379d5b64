import { CACHE_BLOCK_SIZE } from '../../backend/backend.ts';
import { bytesPerElement, type MatrixFormat } from '../../backend/dtype.ts';
import type { MemoryLayout } from '../../backend/memory-layout.ts';
import { groupsPerRow } from '../../quantized/quantization-scheme.ts';

/** The reference backend holds the elements themselves and nothing beside them. */
export const referenceMemoryLayout: MemoryLayout = {
  fixedBytes: 0,
  bufferBytes: (length) => 4 * length,
  matrixBytes: (format, rows, columns) => rows * rowBytes(format, columns),
  cacheBytes: ({ numBlocks, kvHeads, headSize }) => 2 * 4 * numBlocks * CACHE_BLOCK_SIZE * kvHeads * headSize,
  linearScratchBytes: () => 0,
  attentionScratchBytes: () => 0,
  pagedAttentionScratchBytes: () => 0,
  linearInputGradientScratchBytes: () => 0,
  linearWeightGradientScratchBytes: () => 0,
  rowSumScratchBytes: () => 0,
  normGradientScratchBytes: () => 0,
  attentionGradientScratchBytes: () => 0,
  sumOfSquaresScratchBytes: () => 0,
};

function rowBytes(format: MatrixFormat, columns: number): number {
  if (typeof format === 'string') return bytesPerElement(format) * columns;
  return columns + groupsPerRow(format, columns) * 4 * (format.isSymmetric ? 1 : 2);
}
