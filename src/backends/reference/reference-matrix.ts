import type { MatrixPart } from '../../backend/backend.ts';
import { checkLines } from '../../backend/check-lines.ts';
import { bytesPerElement, type WeightDType } from '../../backend/dtype.ts';
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from '../../base/float16.ts';

/** A weight matrix kept row-major in its own dtype: 16-bit weights are rounded when written and widened when read. */
export class ReferenceMatrix {
  readonly dtype: WeightDType;
  readonly rows: number;
  readonly columns: number;
  readonly #elements: Float32Array | Uint16Array;

  constructor(dtype: WeightDType, rows: number, columns: number) {
    this.dtype = dtype;
    this.rows = rows;
    this.columns = columns;
    this.#elements = dtype === 'float32' ? new Float32Array(rows * columns) : new Uint16Array(rows * columns);
  }

  get format(): WeightDType {
    return this.dtype;
  }

  get byteLength(): number {
    return this.#elements.byteLength;
  }

  /** The weights of one output, (columns), widened. */
  row(index: number): Float32Array {
    return this.#widen(index * this.columns, (index + 1) * this.columns);
  }

  /** All weights, (rows, columns), widened; a copy. */
  toFloat32(): Float32Array {
    return this.#widen(0, this.#elements.length).slice();
  }

  /** Replaces all weights, (rows, columns), rounding them. */
  pack(values: Float32Array): void {
    const encode = ENCODERS[this.dtype];
    for (let i = 0; i < values.length; i++) this.#elements[i] = encode(values[i]!);
  }

  async write(part: MatrixPart): Promise<void> {
    const read = readerOf(await this.#bytesOf(part), part.dtype);
    const encode = ENCODERS[this.dtype];
    const lineLength = part.order === 'rows' ? this.columns : this.rows;
    const [lineStep, step] = part.order === 'rows' ? [this.columns, 1] : [1, this.columns];
    for (let line = 0; line < part.count; line++) {
      const start = (part.first + line) * lineStep;
      for (let i = 0; i < lineLength; i++) this.#elements[start + i * step] = encode(read(line * lineLength + i));
    }
  }

  #widen(start: number, end: number): Float32Array {
    if (this.#elements instanceof Float32Array) return this.#elements.subarray(start, end);
    const decode = this.dtype === 'bfloat16' ? bfloat16ToNumber : float16ToNumber;
    const values = new Float32Array(end - start);
    for (let i = 0; i < values.length; i++) values[i] = decode(this.#elements[start + i]!);
    return values;
  }

  async #bytesOf({ data, dtype, order, first, count }: MatrixPart): Promise<Uint8Array> {
    const lines = order === 'rows' ? this.rows : this.columns;
    checkLines(this, { order, first, count });
    const wanted = ((count * this.rows * this.columns) / lines) * bytesPerElement(dtype);
    if (typeof data === 'function') {
      const bytes = new Uint8Array(wanted);
      await data(bytes, 0);
      return bytes;
    }
    if (data.byteLength !== wanted) {
      throw new RangeError(
        `Cannot write matrix: data of ${data.byteLength} bytes, but ${count} ${order} of ${dtype} take ${wanted} bytes`,
      );
    }
    return data;
  }
}

const ENCODERS = {
  float32: (value: number) => value,
  bfloat16: numberToBfloat16,
  float16: numberToFloat16,
} as const satisfies Record<WeightDType, (value: number) => number>;

/** Reads element `i` of a part; its bytes may begin at any address. */
function readerOf(data: Uint8Array, dtype: WeightDType): (i: number) => number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (dtype) {
    case 'float32':
      return (i) => view.getFloat32(4 * i, true);
    case 'bfloat16':
      return (i) => bfloat16ToNumber(view.getUint16(2 * i, true));
    case 'float16':
      return (i) => float16ToNumber(view.getUint16(2 * i, true));
    default:
      dtype satisfies never;
      throw new TypeError(`Cannot write matrix: unknown dtype ${JSON.stringify(dtype)}`);
  }
}
