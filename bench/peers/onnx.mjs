import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_FOLDER, SEED } from '../checkpoint.mjs';
import { randomTensorFloat32 } from '../random-tensor.mjs';
import { GPT2_124M, tensorsOf } from '../shapes.mjs';
import { ONNX_WEIGHTS } from './onnx-weights.mjs';
import { bytes, integer } from './protobuf.mjs';

// Field numbers and constants of onnx.proto3 (onnx/onnx, IR version 8).
const FLOAT = 1;
const INT64 = 7;
const EXTERNAL = 1;
const INTEGER_ATTRIBUTE = 2;
const LAST = 2n ** 63n - 1n;

/**
 * The linear layers of the benchmark's random GPT-2, and nothing else, as an ONNX graph with weights of a type (`F32`, `INT8` or
 * `INT4`): x (rows, channels) goes through the 49 products one after the other, and only its rows from `first` on (one number,
 * −1 for the last row) through the output projection. Where attention would stand, the first third of the projection goes on.
 * Returns the path of the graph, which is written under `bench/.cache` unless it is there.
 */
export async function ensureOnnx(type, shape = GPT2_124M) {
  const name = `gpt2-${shape.layers}x${shape.channels}-${shape.vocabulary}-linear-${type.toLowerCase()}`;
  const path = join(CACHE_FOLDER, `${name}.onnx`);
  if (existsSync(path)) return path;
  await mkdir(CACHE_FOLDER, { recursive: true });
  const specs = tensorsOf(shape);
  const matrices = specs.filter(({ isConv1D }) => isConv1D);
  const head = specs.find(({ name }) => name === 'wte.weight');
  const weights = [...matrices, { ...head, shape: [...head.shape].reverse() }];
  const stored = await writeWeights(join(CACHE_FOLDER, `${name}.bin`), { matrices, head, type });
  const file = await open(`${path}.partial`, 'w');
  try {
    await file.write(model(graph(shape, { weights, stored, type, location: `${name}.bin` })));
  } finally {
    await file.close();
  }
  await rename(`${path}.partial`, path);
  return path;
}

/** Writes the tensors of all matrices one after the other, and returns what and where they are. */
async function writeWeights(path, { matrices, head, type }) {
  const stored = [];
  let offset = 0;
  const file = await open(path, 'w');
  try {
    for (const { name, matrix } of matricesOf(matrices, head)) {
      for (const { data, ...tensor } of ONNX_WEIGHTS[type].tensors(name, matrix)) {
        await file.write(new Uint8Array(data.buffer, 0, data.byteLength));
        stored.push({ ...tensor, offset, length: data.byteLength });
        offset += data.byteLength;
      }
    }
  } finally {
    await file.close();
  }
  return stored;
}

/** Values (inputs, outputs) of each. */
function* matricesOf(matrices, head) {
  for (const spec of matrices) {
    const [inputs, outputs] = spec.shape;
    yield { name: spec.name, matrix: { values: randomTensorFloat32(spec, SEED), inputs, outputs } };
  }
  const [outputs, inputs] = head.shape;
  const values = transpose(randomTensorFloat32(head, SEED), outputs, inputs);
  yield { name: head.name, matrix: { values, inputs, outputs } };
}

function transpose(values, rows, columns) {
  const transposed = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) transposed[column * rows + row] = values[row * columns + column];
  return transposed;
}

function graph({ channels, vocabulary }, { weights, stored, type, location }) {
  const nodes = [];
  let current = 'x';
  const slice = (inputs, output) => {
    nodes.push(node({ type: 'Slice', inputs: [current, ...inputs], outputs: [output] }));
    current = output;
  };
  for (const { name, shape } of weights) {
    if (name === 'wte.weight') slice(['first', 'last', 'rows'], 'projected');
    const output = `${name}.out`;
    nodes.push(...ONNX_WEIGHTS[type].nodes({ name, shape, input: current, output }).map(node));
    current = output;
    if (shape[1] === 3 * channels) slice(['zero', 'channels', 'columns'], `${name}.third`);
  }
  nodes.push(node({ type: 'Identity', inputs: [current], outputs: ['y'] }));
  const constants = { last: LAST, rows: 0n, zero: 0n, channels: BigInt(channels), columns: 1n };
  const initializers = [
    ...stored.map((tensor) => externalTensor(tensor, location)),
    ...Object.entries(constants).map(([name, value]) => integerTensor(name, value)),
  ];
  return [
    ...nodes.map((node) => bytes(1, node)),
    bytes(2, 'linear layers'),
    ...initializers.map((tensor) => bytes(5, tensor)),
    bytes(11, valueInfo('x', FLOAT, ['rows', channels])),
    bytes(11, valueInfo('first', INT64, [1])),
    bytes(12, valueInfo('y', FLOAT, ['projected', vocabulary])),
  ];
}

function model(graph) {
  const opset = (domain, version) => bytes(8, [bytes(1, domain), integer(2, version)]);
  const opsets = [opset('', 17), opset('com.microsoft', 1)];
  return Buffer.concat([integer(1, 8), bytes(2, 'kvasir benchmark'), bytes(7, graph), ...opsets]);
}

function node({ type, inputs, outputs, domain, attributes = {} }) {
  return [
    ...inputs.map((input) => bytes(1, input)),
    ...outputs.map((output) => bytes(2, output)),
    bytes(3, outputs[0]),
    bytes(4, type),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(5, [bytes(1, name), integer(3, value), integer(20, INTEGER_ATTRIBUTE)]),
    ),
    ...(domain === undefined ? [] : [bytes(7, domain)]),
  ];
}

function externalTensor({ name, type, shape, offset, length }, location) {
  const entry = (key, value) => bytes(13, [bytes(1, key), bytes(2, String(value))]);
  return [
    ...shape.map((size) => integer(1, size)),
    integer(2, type),
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

function valueInfo(name, type, shape) {
  const dimensions = shape.map((size) => bytes(1, [typeof size === 'string' ? bytes(2, size) : integer(1, size)]));
  return [bytes(1, name), bytes(2, [bytes(1, [integer(1, type), bytes(2, dimensions)])])];
}
