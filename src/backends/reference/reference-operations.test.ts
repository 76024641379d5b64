import { describe, expect, test } from 'vitest';
import type { DeviceBuffer, RotaryShape } from '../../backend/backend.ts';
import { createReferenceBackend } from './reference-backend.ts';

// Expected numbers are worked out by hand from the formulas in the contract, not with the kernels.

const backend = createReferenceBackend();

function put(...numbers: number[]): DeviceBuffer {
  const buffer = backend.allocate('float32', numbers.length);
  backend.write(buffer, Float32Array.from(numbers));
  return buffer;
}

function putInts(...numbers: number[]): DeviceBuffer {
  const buffer = backend.allocate('int32', numbers.length);
  backend.write(buffer, Int32Array.from(numbers));
  return buffer;
}

async function putMatrix(rows: number, columns: number, ...numbers: number[]) {
  const matrix = backend.allocateMatrix('float32', rows, columns);
  const data = new Uint8Array(Float32Array.from(numbers).buffer);
  await backend.writeMatrix(matrix, { data, dtype: 'float32', order: 'rows', first: 0, count: rows });
  return matrix;
}

/** Runs an operation on an output of as many elements as `wanted`, which must then be close to it. */
async function expectResult(run: (output: DeviceBuffer) => void, wanted: readonly number[]): Promise<void> {
  const output = put(...wanted.map(() => Number.NaN));
  run(output);
  const got = Array.from(await backend.read(output));
  for (const [i, value] of wanted.entries()) expect(got[i], `element ${i}`).toBeCloseTo(value, 6);
}

describe('element by element', () => {
  test('add and multiply repeat the shorter input', async () => {
    const [a, b] = [put(1, 2, 3, 4, 5, 6), put(10, 20, 30)];
    await expectResult((output) => backend.add(output, a, b), [11, 22, 33, 14, 25, 36]);
    await expectResult((output) => backend.multiply(output, a, b), [10, 40, 90, 40, 100, 180]);
  });

  test('scale multiplies by a factor', async () => {
    await expectResult((output) => backend.scale(output, put(1, -2, 0.5), -3), [-3, 6, -1.5]);
  });

  test.each([
    ['relu', [0, 0, 1, 3]],
    ['gelu', [-0.0455003, -0.1586553, 0.8413447, 2.9959503]],
    ['gelu_tanh', [-0.0454023, -0.158808, 0.841192, 2.9963627]],
    ['silu', [-0.2384058, -0.2689414, 0.7310586, 2.8577224]],
    ['quick_gelu', [-0.0643414, -0.1542042, 0.8457958, 2.9819287]],
    ['tanh', [-0.9640276, -0.7615942, 0.7615942, 0.9950548]],
    ['sigmoid', [0.1192029, 0.2689414, 0.7310586, 0.9525741]],
  ] as const)('%s at −2, −1, 1 and 3', async (activation, wanted) => {
    await expectResult((output) => backend.activate(output, put(-2, -1, 1, 3), activation), wanted);
  });

  test('gate multiplies the activated gate by up', async () => {
    await expectResult((output) => backend.gate(output, put(1, -1, 3), put(10, 10, -1), 'relu'), [10, 0, -3]);
    await expectResult((output) => backend.gate(output, put(1, 3), put(2, 10), 'silu'), [1.4621172, 28.5772247]);
  });

  test('an activation that nobody knows is refused', () => {
    const unknown = 'swish' as 'silu';
    expect(() => backend.activate(put(1), put(1), unknown)).toThrow('Cannot activate: unknown activation "swish"');
  });
});

describe('weights', () => {
  test('linear is input · weightᵀ + bias', async () => {
    const weight = await putMatrix(2, 3, 1, 2, 3, 4, 5, 6);
    const input = put(1, 0, -1, 2, 1, 0);
    await expectResult((output) => backend.linear(output, input, weight, undefined), [-2, -2, 4, 13]);
    await expectResult((output) => backend.linear(output, input, weight, put(100, 200)), [98, 198, 104, 213]);
  });

  test('linear sums in float64', async () => {
    const weight = await putMatrix(1, 3, 1, 1, 1);
    await expectResult((output) => backend.linear(output, put(1e8, 1, -1e8), weight, undefined), [1]);
  });

  test('embed copies rows', async () => {
    const table = await putMatrix(3, 2, 1, 2, 3, 4, 5, 6);
    await expectResult((output) => backend.embed(output, table, putInts(2, 0, 2)), [5, 6, 1, 2, 5, 6]);
  });

  test('columns of a Conv1D weight become rows', async () => {
    const matrix = backend.allocateMatrix('float32', 3, 2);
    const data = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer); // as (inputs, outputs)
    await backend.writeMatrix(matrix, { data, dtype: 'float32', order: 'columns', first: 0, count: 2 });
    expect(await backend.readMatrix(matrix)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
  });

  test('16-bit matrices round to nearest, ties to even, and widen when read', async () => {
    const data = new Uint8Array(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 70000, 2 ** -25).buffer);
    const part = { data, dtype: 'float32', order: 'rows', first: 0, count: 1 } as const;
    const bfloat16 = backend.allocateMatrix('bfloat16', 1, 4);
    await backend.writeMatrix(bfloat16, part);
    expect(await backend.readMatrix(bfloat16)).toEqual(Float32Array.of(1, 1 + 2 ** -6, 70144, 2 ** -25));
    const float16 = backend.allocateMatrix('float16', 1, 4);
    await backend.writeMatrix(float16, part);
    const infinity = Number.POSITIVE_INFINITY;
    expect(await backend.readMatrix(float16)).toEqual(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, infinity, 0));
    expect([bfloat16.byteLength, float16.byteLength]).toEqual([8, 8]);
  });
});

describe('norms', () => {
  test('layerNorm: (1, 3) has mean 2 and variance 1', async () => {
    const [weight, bias] = [put(10, 100), put(1, 2)];
    await expectResult((output) => backend.layerNorm(output, put(1, 3), weight, bias, 0), [-9, 102]);
    await expectResult((output) => backend.layerNorm(output, put(1, 3), weight, undefined, 3), [-5, 50]);
  });

  test('layerNorm: the variance is the biased one', async () => {
    const [input, weight] = [put(0, 0, 0, 4), put(1, 1, 1, 1)]; // mean 1, variance 3
    const [low, high] = [-1 / Math.sqrt(3), 3 / Math.sqrt(3)];
    await expectResult((output) => backend.layerNorm(output, input, weight, undefined, 0), [low, low, low, high]);
  });

  test('rmsNorm: (1, 7) has mean square 25', async () => {
    await expectResult((output) => backend.rmsNorm(output, put(1, 7), put(10, 100), 0), [2, 140]);
    await expectResult((output) => backend.rmsNorm(output, put(1, 7), put(10, 100), 75), [1, 70]);
  });
});

describe('rotary position embedding', () => {
  const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)]; // 30°
  const cosines = () => put(0, c); // the first pair turns by 90°, the second by 30°
  const sines = () => put(1, s);
  const shape: RotaryShape = { heads: 1, headSize: 5, rotarySize: 4, interleaved: false };

  test('half layout pairs (0, 2) and (1, 3); the rest is copied', async () => {
    const wanted = [-3, 2 * c - 4 * s, 1, 4 * c + 2 * s, 5];
    await expectResult((output) => backend.rotate(output, put(1, 2, 3, 4, 5), cosines(), sines(), shape), wanted);
  });

  test('interleaved layout pairs (0, 1) and (2, 3)', async () => {
    const wanted = [-2, 1, 3 * c - 4 * s, 4 * c + 3 * s, 5];
    const interleaved = { ...shape, interleaved: true };
    await expectResult((output) => backend.rotate(output, put(1, 2, 3, 4, 5), cosines(), sines(), interleaved), wanted);
  });

  test('all heads of a token share its angles', async () => {
    const two: RotaryShape = { heads: 2, headSize: 2, rotarySize: 2, interleaved: false };
    const input = put(1, 2, 3, 4, 5, 6, 7, 8);
    const wanted = [1, 2, 3, 4, -6, 5, -8, 7]; // the first token by 0°, the second by 90°
    await expectResult((output) => backend.rotate(output, input, put(1, 0), put(0, 1), two), wanted);
  });
});

describe('rows and columns', () => {
  test('sliceColumns', async () => {
    const shape = { columns: 3, start: 1, width: 2 };
    await expectResult((output) => backend.sliceColumns(output, put(1, 2, 3, 4, 5, 6), shape), [2, 3, 5, 6]);
  });

  test('gatherRows', async () => {
    const indices = putInts(2, 0, 2);
    const wanted = [5, 6, 1, 2, 5, 6];
    await expectResult((output) => backend.gatherRows(output, put(1, 2, 3, 4, 5, 6), indices, 2), wanted);
  });
});

describe('softmax and its relatives', () => {
  const logits = () => put(Math.log(1), Math.log(3), Math.log(6), Math.log(2), Math.log(2), Math.log(6));

  test('softmax of logarithms gives their shares', async () => {
    await expectResult((output) => backend.softmax(output, logits(), 3), [0.1, 0.3, 0.6, 0.2, 0.2, 0.6]);
  });

  test('softmax of −∞ is zero, also when there is nothing else', async () => {
    const none = Number.NEGATIVE_INFINITY;
    await expectResult((output) => backend.softmax(output, put(5, none, none, none), 2), [1, 0, 0, 0]);
  });

  test('softmax does not overflow', async () => {
    await expectResult((output) => backend.softmax(output, put(3e38, 3e38, -3e38), 3), [0.5, 0.5, 0]);
  });

  test('logSoftmax', async () => {
    const wanted = [0.1, 0.3, 0.6, 0.2, 0.2, 0.6].map(Math.log);
    await expectResult((output) => backend.logSoftmax(output, logits(), 3), wanted);
  });

  test('logSoftmax of a row of −∞ alone stays −∞', async () => {
    const [input, output] = [put(Number.NEGATIVE_INFINITY), put(0)];
    backend.logSoftmax(output, input, 1);
    expect(await backend.read(output)).toEqual(Float32Array.of(Number.NEGATIVE_INFINITY));
  });

  test('tokenLogProbs picks one of each row', async () => {
    const wanted = [Math.log(0.6), Math.log(0.2)];
    await expectResult((output) => backend.tokenLogProbs(output, logits(), putInts(2, 0), 3), wanted);
  });

  test('argmax takes the lowest index of equals', async () => {
    const [indices, values] = [putInts(9, 9, 9), put(9, 9, 9)];
    const none = Number.NEGATIVE_INFINITY;
    backend.argmax(indices, values, put(1, 3, 3, 3, -5, -7, -4, -4, none, none, none, none), 4);
    expect(await backend.read(indices)).toEqual(Int32Array.of(1, 2, 0));
    expect(await backend.read(values)).toEqual(Float32Array.of(3, -4, none));
  });
});
