import type { MatrixPart } from '../../backend/backend.ts';
import { bytesPerElement, type WeightDType } from '../../backend/dtype.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { WasmMatrix } from './handles.ts';
import type { Heap } from './heap.ts';
import { OP_PACK_COLUMNS, OP_PACK_ROWS, OP_UNPACK } from './opcodes.ts';
import type { WasmMemory } from './wasm-memory.ts';

/** Bytes that are staged at once: enough for every thread, and little beside the weights. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Whole panels of every layout. */
const PIECE_ROWS = 48;
/** Pieces that may be on their way: one is packed while the next is copied. */
const MAX_PIECES = 2;

/** How the kernels call a dtype. */
export const DTYPE_CODES = { float32: 0, bfloat16: 1, float16: 2 } as const satisfies Record<WeightDType, number>;

/** Moves weights between the host and the layout of the kernels, a few megabytes at a time. */
export class MatrixTransfer {
  readonly #memory: WasmMemory;
  readonly #heap: Heap;
  readonly #recorder: CommandRecorder;
  readonly #pieces: Promise<void>[] = [];

  constructor(memory: WasmMemory, heap: Heap, recorder: CommandRecorder) {
    this.#memory = memory;
    this.#heap = heap;
    this.#recorder = recorder;
  }

  async write(matrix: WasmMatrix, part: MatrixPart): Promise<void> {
    const lineBytes = checkPart(matrix, part);
    const linesPerPiece = linesOf(lineBytes);
    let last = Promise.resolve();
    for (let line = 0; line < part.count; line += linesPerPiece) {
      while (this.#pieces.length >= MAX_PIECES) await this.#pieces[0];
      const count = Math.min(linesPerPiece, part.count - line);
      const data = part.data.subarray(line * lineBytes, (line + count) * lineBytes);
      last = this.#writePiece(matrix, { ...part, data, first: part.first + line, count });
      last.catch(() => {}); // whoever awaits it last hears of it
    }
    await last;
  }

  #writePiece(matrix: WasmMatrix, { data, dtype, order, first, count }: MatrixPart): Promise<void> {
    const source = this.#recorder.stage(data);
    const at = this.#recorder.record(order === 'rows' ? OP_PACK_ROWS : OP_PACK_COLUMNS, matrix.address, source);
    const codes = [DTYPE_CODES[dtype], DTYPE_CODES[matrix.dtype]];
    for (const [i, value] of [matrix.rows, matrix.columns, first, count, ...codes].entries()) {
      this.#recorder.setInt(at, 3 + i, value);
    }
    const done = this.#recorder.flush();
    this.#pieces.push(done);
    const remove = () => void this.#pieces.splice(this.#pieces.indexOf(done), 1);
    done.then(remove, remove);
    return done;
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
  if (data.byteLength !== count * lineBytes) {
    throw new RangeError(
      `Cannot write matrix: data of ${data.byteLength} bytes, but ${count} ${order} of ${dtype} take ${count * lineBytes} bytes`,
    );
  }
  return lineBytes;
}
