import type { DeviceBuffer } from '../../backend/backend.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { WasmBuffer } from './handles.ts';

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

export function checkFraction(op: string, name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) fail(op, `${name} is ${value}, wanted 0 to 1`);
}

export function fail(op: string, problem: string): never {
  throw new RangeError(`Cannot ${op}: ${problem}`);
}
