import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_FOLDER, SEED } from '../checkpoint.mjs';
import { randomTensorFloat32 } from '../random-tensor.mjs';
import { GPT2_124M, tensorsOf } from '../shapes.mjs';

// Field numbers and constants of onnx.proto3 (onnx/onnx, IR version 10).
const FLOAT = 1;
const INT64 = 7;
const EXTERNAL = 1;
const LAST = 2n ** 63n - 1n;

/**
 * The linear layers of the benchmark's random GPT-2, and nothing else, as an ONNX graph with float32 weights: x (rows,
 * channels) goes through the 49 products one after the other, and only its last row through the output projection. Where
 * attention would stand, the first third of the projection goes on. Returns the path of the graph, which is written under
 * `bench/.cache` unless it is there.
 */
export async function ensureOnnx(shape = GPT2_124M) {
  const name = `gpt2-${shape.layers}x${shape.channels}-${shape.vocabulary}-linear`;
  const path = join(CACHE_FOLDER, `${name}.onnx`);
  if (existsSync(path)) return path;
  const specs = tensorsOf(shape);
  const matrices = specs.filter(({ isConv1D }) => isConv1D);
  const head = specs.find(({ name }) => name === 'wte.weight');
  await writeWeights(join(CACHE_FOLDER, `${name}.bin`), matrices, head);
  const file = await open(`${path}.partial`, 'w');
  try {
    await file.write(model(graph(shape, [...matrices, { ...head, shape: [...head.shape].reverse() }], `${name}.bin`)));
  } finally {
    await file.close();
  }
  await rename(`${path}.partial`, path);
  return path;
}

async function writeWeights(path, matrices, head) {
  const file = await open(path, 'w');
  try {
    for (const spec of matrices) await file.write(Buffer.from(randomTensorFloat32(spec, SEED).buffer));
    await file.write(Buffer.from(transpose(randomTensorFloat32(head, SEED), ...head.shape).buffer));
  } finally {
    await file.close();
  }
}

function transpose(values, rows, columns) {
  const transposed = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) transposed[column * rows + row] = values[row * columns + column];
  return transposed;
}

function graph({ channels, vocabulary }, weights, location) {
  const nodes = [];
  let current = 'x';
  const apply = (type, inputs, output) => {
    nodes.push(node(type, [current, ...inputs], output));
    current = output;
  };
  for (const { name, shape } of weights) {
    if (name === 'wte.weight') apply('Slice', ['minusOne', 'last', 'rows'], 'lastRow');
    apply('MatMul', [name], `${name}.out`);
    if (shape[1] === 3 * channels) apply('Slice', ['zero', 'channels', 'columns'], `${name}.third`);
  }
  nodes.push(node('Identity', [current], 'y'));
  let offset = 0;
  const initializers = weights.map(({ name, shape }) => {
    const length = shape[0] * shape[1] * 4;
    offset += length;
    return externalTensor(name, shape, location, offset - length, length);
  });
  const constants = { minusOne: -1n, last: LAST, rows: 0n, zero: 0n, channels: BigInt(channels), columns: 1n };
  initializers.push(...Object.entries(constants).map(([name, value]) => integerTensor(name, value)));
  return [
    ...nodes.map((node) => bytes(1, node)),
    bytes(2, 'linear layers'),
    ...initializers.map((tensor) => bytes(5, tensor)),
    bytes(11, valueInfo('x', ['rows', channels])),
    bytes(12, valueInfo('y', [1, vocabulary])),
  ];
}

function model(graph) {
  const opset = [bytes(1, ''), integer(2, 17)];
  return Buffer.concat([integer(1, 8), bytes(2, 'kvasir benchmark'), bytes(7, graph), bytes(8, opset)]);
}

function node(type, inputs, output) {
  return [...inputs.map((input) => bytes(1, input)), bytes(2, output), bytes(3, output), bytes(4, type)];
}

function externalTensor(name, shape, location, offset, length) {
  const entry = (key, value) => bytes(13, [bytes(1, key), bytes(2, String(value))]);
  return [
    ...shape.map((size) => integer(1, size)),
    integer(2, FLOAT),
    bytes(8, name),
    entry('location', location),
    entry('offset', offset),
    entry('length', length),
    integer(14, EXTERNAL),
  ];
}

function integerTensor(name, value) {
  return [integer(1, 1), integer(2, INT64), integer(7, value), bytes(8, name)];
}

function valueInfo(name, shape) {
  const dimensions = shape.map((size) => bytes(1, [typeof size === 'string' ? bytes(2, size) : integer(1, size)]));
  return [bytes(1, name), bytes(2, [bytes(1, [integer(1, FLOAT), bytes(2, dimensions)])])];
}

// Protocol Buffers: a field is its number and wire type (0 integer, 2 length and bytes), then the value.

function integer(field, value) {
  return Buffer.concat([varint(BigInt(field) << 3n), varint(BigInt(value))]);
}

function bytes(field, value) {
  const content = typeof value === 'string' ? Buffer.from(value) : Buffer.concat(value);
  return Buffer.concat([varint((BigInt(field) << 3n) | 2n), varint(BigInt(content.length)), content]);
}

/** Seven bits a byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value) {
  const result = [];
  let rest = BigInt.asUintN(64, value);
  do {
    result.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(result);
}
