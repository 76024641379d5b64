import type { Backend, DeviceColumns } from '../backend/backend.ts';
import { formatShape } from '../base/shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * Columns start … start + width − 1 of a tensor (…, C), not copied: for the operations that can read them where they lie. Throws
 * a `RangeError` past the last column.
 */
export class Columns {
  readonly tensor: Tensor;
  readonly start: number;
  readonly width: number;

  constructor(tensor: Tensor, start: number, width: number) {
    if (!(start >= 0 && start + width <= tensor.numColumns))
      throw new RangeError(`Cannot take columns ${start} to ${start + width} of shape ${formatShape(tensor.shape)}`);
    this.tensor = tensor;
    this.start = start;
    this.width = width;
  }

  get backend(): Backend {
    return this.tensor.backend;
  }

  /** What a backend is given. */
  get operand(): DeviceColumns {
    return { buffer: this.tensor.buffer, columns: this.tensor.numColumns, start: this.start };
  }
}
