import { formatShape } from '../base/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { needGradient } from './gradient-slot.ts';

/** Columns start … start + width − 1 of input (…, C) → (…, width). Throws a `RangeError` past the last column. */
export function sliceColumns(input: Tensor, start: number, width: number): Tensor {
  const columns = input.numColumns;
  if (start < 0 || start + width > columns)
    throw new RangeError(`Cannot slice columns ${start} to ${start + width} of shape ${formatShape(input.shape)}`);
  const output = Tensor.allocate(input.backend, [...input.shape.slice(0, -1), width]);
  const { backend } = input;
  backend.sliceColumns(output.buffer, input.buffer, { columns, start, width });
  if (!input.needsGradient) return output;
  return output.withOrigin({
    inputs: [input],
    saved: [],
    backward(gradient) {
      const inputGrad = Tensor.allocate(backend, input.shape);
      backend.padColumns(inputGrad.buffer, gradient.buffer, { columns, start, width });
      return [inputGrad];
    },
  });
}

/** Rows `indices` (n) of input (T, C) → (n, C). The caller has checked that the indices are in range. */
export function gatherRows(input: Tensor, indices: Tensor): Tensor {
  const output = Tensor.allocate(input.backend, [indices.shape[0]!, input.numColumns]);
  const { backend, numColumns } = input;
  backend.gatherRows(output.buffer, input.buffer, indices.buffer, numColumns);
  if (!input.needsGradient) return output;
  return output.withOrigin({
    inputs: [input],
    saved: [indices],
    backward(gradient) {
      const inputGrad = Tensor.zeros(backend, input.shape);
      backend.scatterAddRows(inputGrad.buffer, gradient.buffer, indices.buffer, numColumns);
      return [inputGrad];
    },
  });
}

/**
 * input (T, C) with row i of addend (n, C) added to its row indices[i] → (T, C). Throws a `RangeError` for shapes that do not
 * fit. The caller has checked that the indices are in range.
 */
export function addToRows(input: Tensor, addend: Tensor, indices: Tensor): Tensor {
  addend.expectShape([indices.buffer.length, input.numColumns], 'what is added to rows');
  const output = Tensor.allocate(input.backend, input.shape);
  const { backend, numColumns } = input;
  backend.copy(output.buffer, input.buffer);
  backend.scatterAddRows(output.buffer, addend.buffer, indices.buffer, numColumns);
  if (!needGradient(input, addend)) return output;
  return output.withOrigin({
    inputs: [input, addend],
    saved: [indices],
    backward: (gradient) => [
      input.needsGradient ? gradient : undefined,
      addend.needsGradient ? gatherRows(gradient, indices) : undefined,
    ],
  });
}

/**
 * The `count` largest elements of each row and their indices, largest first, lower index first among equals: (T, V) → int32
 * (T, count), (T, count). NaN counts as larger than any number. Throws a `RangeError` unless count is 1 to V.
 */
export function topK(input: Tensor, count: number): { readonly indices: Tensor; readonly values: Tensor } {
  const { backend, numRows, numColumns: columns } = input;
  const indices = Tensor.allocate(backend, [numRows, count], 'int32');
  const values = Tensor.allocate(backend, [numRows, count]);
  backend.topK(indices.buffer, values.buffer, input.buffer, { columns, count });
  return { indices, values };
}

/**
 * The largest element of each row and its index, the lowest of equals: (…, V) → int32 (…), (…). NaN counts as larger than any
 * number.
 */
export function argmax(input: Tensor): { readonly indices: Tensor; readonly values: Tensor } {
  const shape = input.shape.slice(0, -1);
  const indices = Tensor.allocate(input.backend, shape, 'int32');
  const values = Tensor.allocate(input.backend, shape);
  input.backend.argmax(indices.buffer, values.buffer, input.buffer, input.numColumns);
  return { indices, values };
}
