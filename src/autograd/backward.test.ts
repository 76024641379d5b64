import { describe, expect, test } from 'vitest';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { add, multiply, scale } from '../ops/elementwise.ts';
import { gatherRows, sliceColumns } from '../ops/rows.ts';
import { scoped, Tensor } from '../tensor/tensor.ts';
import { backward } from './backward.ts';
import { recomputed } from './recomputed.ts';

const backend = createReferenceBackend();

function leaf(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  const tensor = Tensor.from(backend, Float32Array.from(values), shape);
  tensor.gradient = Tensor.zeros(backend, shape);
  return tensor;
}

async function gradientOf(tensor: Tensor): Promise<number[]> {
  return [...(await tensor.gradient!.read())];
}

test('a tensor that is used several times gets the sum of its gradients', async () => {
  const x = leaf([1, 2, 3]);
  backend.scope(() => backward(add(multiply(x, x), add(x, scale(x, 4))))); // x² + 5x
  expect(await gradientOf(x)).toEqual([7, 9, 11]);
});

test('a computed tensor that is used several times gets the sum of its gradients', async () => {
  const x = leaf([1, -2]);
  backend.scope(() => {
    const y = scale(x, 3);
    backward(add(add(multiply(y, y), y), y)); // 9x² + 6x
  });
  expect(await gradientOf(x)).toEqual([24, -30]);
});

test('gradients are added to what is there', async () => {
  const x = leaf([2]);
  for (let i = 0; i < 3; i++) backend.scope(() => backward(multiply(x, x)));
  expect(await gradientOf(x)).toEqual([12]);
});

test('a row that repeats gets the sum over the rows', async () => {
  const [rows, offset, factor] = [leaf([1, 2, 3, 4], [2, 2]), leaf([5, 6]), leaf([7, 8])];
  backend.scope(() => backward(multiply(add(rows, offset), factor)));
  expect(await gradientOf(rows)).toEqual([7, 8, 7, 8]);
  expect(await gradientOf(offset)).toEqual([14, 16]);
  expect(await gradientOf(factor)).toEqual([1 + 5 + 3 + 5, 2 + 6 + 4 + 6]);
});

test('slices, gathered rows and reshaped tensors hand their gradients back', async () => {
  const x = leaf([1, 2, 3, 4, 5, 6], [2, 3]);
  const rows = Tensor.from(backend, Int32Array.of(1, 1));
  backend.scope(() => backward(sliceColumns(gatherRows(x, rows).reshape([2, 3]), 1, 2)));
  expect(await gradientOf(x)).toEqual([0, 0, 0, 0, 2, 2]);
});

test('only what is trained is differentiated', () => {
  const frozen = Tensor.from(backend, Float32Array.of(1, 2));
  backend.scope(() => {
    expect(add(frozen, frozen).origin).toBeUndefined();
    expect(() => backward(add(frozen, frozen))).toThrow('nothing that is trained led to this tensor');
  });
});

test('a gradient of another shape is refused', () => {
  const x = leaf([1, 2]);
  backend.scope(() => {
    expect(() => backward(scale(x, 2), Tensor.from(backend, Float32Array.of(1)))).toThrow(
      'Cannot use the gradient of an output: shape (1), wanted (2)',
    );
  });
});

describe('Memory', () => {
  test('a scope keeps what its result needs for the gradient, and no more', async () => {
    const x = leaf([3, 4]);
    const before = backend.memoryUsage().allocatedBytes;
    backend.scope(() => {
      const y = scoped(backend, () => {
        const square = multiply(x, x); // its inputs are saved: x, which is there anyway
        const cube = multiply(square, x); // saves the square
        return scale(cube, 2); // saves nothing of the cube
      });
      expect(backend.memoryUsage().allocatedBytes - before).toBe(2 * 8); // y and the square
      backward(y);
    });
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
    expect(await gradientOf(x)).toEqual([6 * 9, 6 * 16]);
  });

  test('gradients on their way are freed as soon as they are used', () => {
    const x = leaf(new Array<number>(100).fill(1));
    const steps = 50;
    const start = backend.memoryUsage().allocatedBytes;
    backend.scope(() => {
      let y: Tensor = x;
      for (let i = 0; i < steps; i++) y = scale(y, 1.01);
      const graph = backend.memoryUsage().allocatedBytes;
      let most = 0;
      const watched = {
        ...backend,
        scale: countingScale(() => (most = Math.max(most, backend.memoryUsage().allocatedBytes))),
      };
      backward(new Tensor(watched, y.buffer, y.shape, y.origin));
      expect(graph - start).toBe(steps * 400);
      expect(most - graph).toBeLessThanOrEqual(4 * 400);
    });
  });
});

function countingScale(count: () => void): typeof backend.scale {
  return (...operands) => {
    backend.scale(...operands);
    count();
  };
}

describe('Recomputation', () => {
  const cube = (x: Tensor) => multiply(multiply(x, x), x);

  test('gives the same gradient and keeps only the input', async () => {
    const x = leaf([2, 5]);
    const before = backend.memoryUsage().allocatedBytes;
    backend.scope(() => {
      const y = recomputed([scale(x, 1)], cube);
      expect(backend.memoryUsage().allocatedBytes - before).toBe(2 * 8); // the input and the result
      backward(y);
    });
    expect(await gradientOf(x)).toEqual([12, 75]);
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });

  test('trains parameters inside also where the input needs no gradient', async () => {
    const [frozen, factor] = [Tensor.from(backend, Float32Array.of(2, 3)), leaf([1, 1])];
    backend.scope(() => backward(recomputed([frozen], (x) => multiply(x, multiply(factor, factor)))));
    expect(await gradientOf(factor)).toEqual([4, 6]);
  });

  test('hands gradients on to several inputs', async () => {
    const [x, y] = [leaf([2, 5]), leaf([3, 4])];
    backend.scope(() => {
      const shared = scale(y, 1);
      const first = recomputed([scale(x, 1), shared], multiply);
      backward(recomputed([first, shared], multiply)); // x · y²
    });
    expect(await gradientOf(x)).toEqual([9, 16]);
    expect(await gradientOf(y)).toEqual([12, 40]);
  });

  test('is nothing but the computation where nothing is trained', () => {
    const frozen = Tensor.from(backend, Float32Array.of(2));
    backend.scope(() => expect(recomputed([frozen], cube).origin).toBeUndefined());
  });
});
