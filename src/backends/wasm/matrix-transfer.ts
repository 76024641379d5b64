import type { MatrixPart } from '../../backend/backend.ts';
import { bytesPerElement, type WeightDType } from '../../backend/dtype.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { WasmMatrix } from './handles.ts';
import type { Heap } from './heap.ts';
import { LandingMemory } from './landing-memory.ts';
import { OP_PACK_COLUMNS, OP_PACK_ROWS, OP_UNPACK } from './opcodes.ts';
import type { WasmMemory } from './wasm-memory.ts';

/** Bytes that are packed at once: enough for every thread, and little beside the weights. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Whole panels of every layout. */
const PIECE_ROWS = 48;
/** Pieces on their way: some are read, while others are packed. */
const MAX_PIECES = 4;

/** How the kernels call a dtype. */
export const DTYPE_CODES = { float32: 0, bfloat16: 1, float16: 2 } as const satisfies Record<WeightDType, number>;

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
    const codes = [DTYPE_CODES[part.dtype], DTYPE_CODES[matrix.dtype]];
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

  /** All values, row-major, widened. */
  async read(matrix: WasmMatrix): Promise<Float32Array> {
    const { rows, columns } = matrix;
    const bytes = rows * columns * 4;
    const address = this.#heap.allocate(bytes, 'the values of a matrix');
    try {
      this.#recorder.record(OP_UNPACK, address, matrix.address, rows, columns, DTYPE_CODES[matrix.dtype]);
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
  const [lines, lineLength] = order === 'rows' ? [matrix.rows, matrix.columns] : [matrix.columns, matrix.rows];
  const isInside = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 0;
  if (!isInside || first + count > lines) {
    throw new RangeError(
      `Cannot write matrix: ${order} ${first} to ${first + count}, but the matrix has ${lines} ${order}`,
    );
  }
  const lineBytes = lineLength * bytesPerElement(dtype);
  if (typeof data !== 'function' && data.byteLength !== count * lineBytes) {
    throw new RangeError(
      `Cannot write matrix: data of ${data.byteLength} bytes, but ${count} ${order} of ${dtype} take ${count * lineBytes} bytes`,
    );
  }
  return lineBytes;
}
