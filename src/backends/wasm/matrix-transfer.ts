import type { MatrixPart, QuantizedPart } from '../../backend/backend.ts';
import { checkLines } from '../../backend/check-lines.ts';
import { bytesPerElement } from '../../backend/dtype.ts';
import { groupsPerRow, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { WasmMatrix } from './handles.ts';
import { alignedBytes, type Heap } from './heap.ts';
import { LandingMemory } from './landing-memory.ts';
import { formatCode } from './matrix-layout.ts';
import { OP_PACK_COLUMNS, OP_PACK_QUANTIZED, OP_PACK_ROWS, OP_UNPACK } from './opcodes.ts';
import type { WasmMemory } from './wasm-memory.ts';

/** Bytes that are packed at once: enough for every thread, and little beside the weights. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Whole panels of every layout. */
const PIECE_ROWS = 48;
/** Pieces on their way: some are read, while others are packed. */
const MAX_PIECES = 4;

/** Moves weights between the host and the layout of the kernels, a few megabytes at a time. */
export class MatrixTransfer {
  readonly #memory: WasmMemory;
  readonly #heap: Heap;
  readonly #recorder: CommandRecorder;
  readonly #landing: LandingMemory;

  constructor(memory: WasmMemory, heap: Heap, recorder: CommandRecorder) {
    this.#memory = memory;
    this.#heap = heap;
    this.#recorder = recorder;
    this.#landing = new LandingMemory(heap, recorder, MAX_PIECES);
  }

  async write(matrix: WasmMatrix, part: MatrixPart): Promise<void> {
    const lineBytes = checkPart(matrix, part);
    const linesPerPiece = linesOf(lineBytes);
    const pieces: Promise<void>[] = [];
    let hasFailed = false;
    try {
      for (let line = 0; line < part.count && !hasFailed; line += linesPerPiece) {
        const count = Math.min(linesPerPiece, part.count - line);
        const place = await this.#landing.take(count * lineBytes);
        const piece = this.#writePiece(matrix, part, { address: place.address, line, count, lineBytes });
        piece.catch(() => {
          hasFailed = true;
        });
        pieces.push(piece.finally(() => this.#landing.give(place)));
      }
    } finally {
      await Promise.allSettled(pieces);
    }
    await Promise.all(pieces);
  }

  async #writePiece(matrix: WasmMatrix, part: MatrixPart, { address, line, count, lineBytes }: Piece): Promise<void> {
    await this.#fill(address, count * lineBytes, part.data, line * lineBytes);
    const at = this.#recorder.record(part.order === 'rows' ? OP_PACK_ROWS : OP_PACK_COLUMNS, matrix.address, address);
    const codes = [formatCode(part.dtype), formatCode(matrix.format)];
    for (const [i, value] of [matrix.rows, matrix.columns, part.first + line, count, ...codes].entries()) {
      this.#recorder.setInt(at, 3 + i, value);
    }
    await this.#recorder.flush();
  }

  async #fill(address: number, bytes: number, data: MatrixPart['data'], offset: number): Promise<void> {
    if (typeof data !== 'function') {
      this.#memory.bytes(address, bytes).set(data.subarray(offset, offset + bytes));
    } else if (this.#memory.isShared) {
      await data(this.#memory.bytes(address, bytes), offset);
    } else {
      // Memory that is not shared may grow meanwhile, and then its old bytes are gone.
      const own = new Uint8Array(bytes);
      await data(own, offset);
      this.#memory.bytes(address, bytes).set(own);
    }
  }

  /** Packs rows of codes, a few at a time. */
  async writeQuantized(
    matrix: WasmMatrix,
    scheme: QuantizationScheme,
    { first, count, codes, scales, minima }: QuantizedPart,
  ): Promise<void> {
    const { rows, columns } = matrix;
    const groups = groupsPerRow(scheme, columns);
    const groupSize = scheme.groupSize === 'row' ? columns : scheme.groupSize;
    const rowsPerPiece = linesOf(columns + 8 * groups);
    for (let row = 0; row < count; row += rowsPerPiece) {
      const end = Math.min(count, row + rowsPerPiece);
      const parts = [
        codes.subarray(row * columns, end * columns),
        scales.subarray(row * groups, end * groups),
        minima?.subarray(row * groups, end * groups) ?? new Float32Array(0),
      ];
      const place = await this.#landing.take(parts.reduce((sum, { byteLength }) => sum + alignedBytes(byteLength), 0));
      try {
        const addresses = this.#lay(place.address, parts);
        const at = this.#recorder.record(OP_PACK_QUANTIZED, matrix.address, ...addresses);
        const sizes = [rows, columns, groupSize, first + row, end - row, formatCode(scheme)];
        for (const [i, value] of sizes.entries()) this.#recorder.setInt(at, 5 + i, value);
        await this.#recorder.flush();
      } finally {
        this.#landing.give(place);
      }
    }
  }

  /** Copies arrays one behind the other; gives their addresses. */
  #lay(start: number, parts: readonly (Int8Array | Float32Array)[]): readonly [number, number, number] {
    const addresses: number[] = [];
    let address = start;
    for (const { buffer, byteOffset, byteLength } of parts) {
      this.#memory.bytes(address, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength));
      addresses.push(address);
      address += alignedBytes(byteLength);
    }
    return addresses as unknown as readonly [number, number, number];
  }

  /** All values, row-major, widened. */
  async read(matrix: WasmMatrix): Promise<Float32Array> {
    const { rows, columns } = matrix;
    const bytes = rows * columns * 4;
    const address = this.#heap.allocate(bytes, 'the values of a matrix');
    try {
      this.#recorder.record(OP_UNPACK, address, matrix.address, rows, columns, formatCode(matrix.format));
      await this.#recorder.flush();
      return new Float32Array(this.#memory.memory.buffer, address, rows * columns).slice();
    } finally {
      this.#heap.release(address, bytes);
    }
  }
}

interface Piece {
  readonly address: number;
  /** First line of the piece, counted from the part's. */
  readonly line: number;
  readonly count: number;
  readonly lineBytes: number;
}

/** Lines of one piece: whole panels, if there is room for one. */
function linesOf(lineBytes: number): number {
  const lines = Math.max(1, Math.floor(PIECE_BYTES / lineBytes));
  return lines < PIECE_ROWS ? lines : lines - (lines % PIECE_ROWS);
}

/** Bytes of one row or column of the part. */
function checkPart(matrix: WasmMatrix, { data, dtype, order, first, count }: MatrixPart): number {
  const lineLength = order === 'rows' ? matrix.columns : matrix.rows;
  checkLines(matrix, { order, first, count });
  const lineBytes = lineLength * bytesPerElement(dtype);
  if (typeof data !== 'function' && data.byteLength !== count * lineBytes) {
    throw new RangeError(
      `Cannot write matrix: data of ${data.byteLength} bytes, but ${count} ${order} of ${dtype} take ${count * lineBytes} bytes`,
    );
  }
  return lineBytes;
}
