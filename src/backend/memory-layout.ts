import type { AttentionOptions, CacheShape, PagedAttentionOptions } from './backend.ts';
import type { MatrixFormat } from './dtype.ts';

/** How many bytes a backend takes for what: enough to say before loading a model what it will need. */
export interface MemoryLayout {
  /** Taken for as long as the backend lives. */
  readonly fixedBytes: number;
  bufferBytes(length: number): number;
  matrixBytes(format: MatrixFormat, rows: number, columns: number): number;
  cacheBytes(shape: CacheShape): number;
  /** Scratch of a linear layer over `rows` rows of input, beside its operands. */
  linearScratchBytes(rows: number, format: MatrixFormat, outputs: number, inputs: number): number;
  /** Scratch of attention beside its operands. */
  attentionScratchBytes(options: AttentionOptions): number;
  pagedAttentionScratchBytes(options: PagedAttentionOptions, cache: CacheShape): number;

  // Scratch of the operations of training, beside their operands.
  linearInputGradientScratchBytes(outputs: number, columns: number): number;
  /** Over `rows` rows of input of `columns` columns, whatever the number of outputs. */
  linearWeightGradientScratchBytes(rows: number, columns: number): number;
  rowSumScratchBytes(rows: number, columns: number): number;
  /** Where a parameter of the norm is trained. */
  normGradientScratchBytes(rows: number, columns: number): number;
  attentionGradientScratchBytes(options: AttentionOptions): number;
  sumOfSquaresScratchBytes(length: number): number;
}
