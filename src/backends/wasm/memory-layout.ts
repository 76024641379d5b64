import type { MemoryLayout } from '../../backend/memory-layout.ts';
import { attentionScratchBytes } from './attention-command.ts';
import { attentionGradientScratchBytes } from './attention-gradient-operations.ts';
import { denseScratchBytes } from './attention-operations.ts';
import { cacheByteLength } from './cache-layout.ts';
import { alignedBytes } from './heap.ts';
import { inputGradientScratchBytes, weightGradientScratchBytes } from './linear-gradient-operations.ts';
import { linearScratchBytes, matrixByteLength } from './matrix-layout.ts';
import { normGradientScratchBytes, rowSumScratchBytes } from './norm-gradient-operations.ts';
import { sumOfSquaresScratchBytes } from './optimizer-operations.ts';

/** What the WASM backend takes for what with `threads` threads. */
export function wasmMemoryLayout(threads: number): MemoryLayout {
  return {
    fixedBytes: 0,
    bufferBytes: (length) => alignedBytes(4 * length),
    matrixBytes: (format, rows, columns) => alignedBytes(matrixByteLength(format, rows, columns)),
    cacheBytes: (shape) => alignedBytes(cacheByteLength(shape)),
    linearScratchBytes: (rows, format, _outputs, inputs) => linearScratchBytes(format, rows, inputs, threads),
    attentionScratchBytes: (options) => denseScratchBytes(options, threads),
    pagedAttentionScratchBytes: ({ maxKeyLength, window, causal = true }, { headSize, dtype }) =>
      attentionScratchBytes({ headSize, maxKeyLength, causal, window, dtype }, threads),
    linearInputGradientScratchBytes: inputGradientScratchBytes,
    linearWeightGradientScratchBytes: (rows, columns) => weightGradientScratchBytes(rows, columns, threads),
    rowSumScratchBytes,
    normGradientScratchBytes,
    attentionGradientScratchBytes: (options) => attentionGradientScratchBytes(options, threads),
    sumOfSquaresScratchBytes,
  };
}
