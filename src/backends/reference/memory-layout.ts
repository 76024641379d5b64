import { CACHE_BLOCK_SIZE } from '../../backend/backend.ts';
import { bytesPerElement } from '../../backend/dtype.ts';
import type { MemoryLayout } from '../../backend/memory-layout.ts';

/** The reference backend holds the elements themselves and nothing beside them. */
export const referenceMemoryLayout: MemoryLayout = {
  fixedBytes: 0,
  bufferBytes: (length) => 4 * length,
  matrixBytes: (dtype, rows, columns) => bytesPerElement(dtype) * rows * columns,
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
