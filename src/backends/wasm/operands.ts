import { ACTIVATIONS, type Activation, type DeviceBuffer, type DeviceColumns } from '../../backend/backend.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { WasmBuffer } from './handles.ts';

/** Rows of float32, `stride` bytes from one to the next. */
export interface WasmRows {
  readonly buffer: WasmBuffer;
  readonly address: number;
  readonly stride: number;
}

/** Looks up the operands of operations, and throws if one is dead, foreign, or of another type or size. */
export class Operands {
  readonly memory: DeviceMemory;

  constructor(memory: DeviceMemory) {
    this.memory = memory;
  }

  /** A float32 buffer, of `length` elements if given. */
  floats(op: string, name: string, handle: DeviceBuffer, length?: number): WasmBuffer {
    return this.#typed(op, name, handle, 'float32', length);
  }

  /** An int32 buffer, of `length` elements if given. */
  ints(op: string, name: string, handle: DeviceBuffer, length?: number): WasmBuffer {
    return this.#typed(op, name, handle, 'int32', length);
  }

  /** Float32 rows of `width` elements, `rows` of them: a buffer of so many, or columns of a wider one. */
  rows(op: string, name: string, operand: DeviceBuffer | DeviceColumns, rows: number, width: number): WasmRows {
    if (!('buffer' in operand)) {
      const buffer = this.floats(op, name, operand, rows * width);
      return { buffer, address: buffer.address, stride: width * 4 };
    }
    const { columns, start } = operand;
    if (!(start >= 0 && start + width <= columns))
      fail(op, `${name} is columns ${start} to ${start + width} of ${columns}`);
    const buffer = this.floats(op, name, operand.buffer, rows * columns);
    return { buffer, address: buffer.address + start * 4, stride: columns * 4 };
  }

  #typed(
    op: string,
    name: string,
    handle: DeviceBuffer,
    dtype: 'float32' | 'int32',
    length: number | undefined,
  ): WasmBuffer {
    const buffer = this.memory.buffer(op, handle);
    if (buffer.dtype !== dtype) throw new TypeError(`Cannot ${op}: ${name} is ${buffer.dtype}, wanted ${dtype}`);
    if (length !== undefined && buffer.length !== length) {
      fail(op, `${name} has ${buffer.length} elements, wanted ${length}`);
    }
    return buffer;
  }
}

/** Rows of `columns` elements in a buffer, which must be whole. */
export function numRows(op: string, name: string, buffer: WasmBuffer, columns: number): number {
  checkPositive(op, 'columns', columns);
  const rows = buffer.length / columns;
  if (!Number.isInteger(rows)) fail(op, `${name} has ${buffer.length} elements, wanted whole rows of ${columns}`);
  return rows;
}

export function checkPositive(op: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) fail(op, `${name} is ${value}, wanted a positive integer`);
}

/** An output that may not be an input. */
export function checkDistinct(op: string, output: WasmBuffer, ...inputs: readonly (WasmBuffer | undefined)[]): void {
  if (inputs.includes(output)) fail(op, 'the output is also an input, wanted another buffer');
}

/** How the kernels number an activation. */
export function activationCode(op: string, activation: Activation): number {
  const code = ACTIVATIONS.indexOf(activation);
  if (code >= 0) return code;
  throw new TypeError(`Cannot ${op}: unknown activation ${JSON.stringify(activation)}`);
}

export function checkFraction(op: string, name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) fail(op, `${name} is ${value}, wanted 0 to 1`);
}

export function fail(op: string, problem: string): never {
  throw new RangeError(`Cannot ${op}: ${problem}`);
}
