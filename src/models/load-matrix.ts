import { type MatrixFormat, WEIGHT_DTYPES, type WeightDType } from '../backend/dtype.ts';
import { numElements } from '../base/shape.ts';
import { transposed } from '../base/transposed.ts';
import { readBlockCodes, schemeOfBlocks } from '../formats/gguf/block-codes.ts';
import { BLOCK_SIZES, isBlockType } from '../formats/gguf/block-type.ts';
import { STORED_BYTES } from '../formats/stored-dtype.ts';
import { type QuantizedEntry, type TensorEntry, toFloat32, type WeightSource } from '../formats/weight-source.ts';
import {
  QUANTIZATION_NAMES,
  QUANTIZATIONS,
  type QuantizationName,
  type QuantizationScheme,
} from '../quantized/quantization-scheme.ts';
import { emptyQuantizedMatrix, type QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import { quantizeRow } from '../quantized/round-to-nearest.ts';
import type { Weight } from '../tensor/weight.ts';
import type { MatchedParameter } from './match-parameters.ts';

/**
 * What matrices are in memory: a width, or a quantisation, to which learned positions alone are not rounded. `auto` keeps each in
 * the file's own width, or its codes where a scheme has them.
 */
export type LoadedDType = WeightDType | QuantizationName | 'auto';

/** Codes and bytes that are on their way at once. */
const PIECE_LENGTH = 2 ** 20;

/** What a matrix becomes on the device. Codes that the file has of as many bits as are asked for stay as they are. */
export function formatOf(source: WeightSource, parameter: MatchedParameter, dtype: LoadedDType): MatrixFormat {
  if (WEIGHT_DTYPES.includes(dtype as WeightDType)) return dtype as WeightDType;
  const { path } = parameter.spec;
  const stored = source.tensors.get(parameter.entry.name)!;
  const own = codesOf(source, parameter)?.scheme ?? schemeOfBlocks(stored.dtype);
  if (dtype === 'auto') return own ?? ownWidth(stored);
  const wanted = QUANTIZATIONS[dtype as QuantizationName];
  if (wanted === undefined)
    throw new TypeError(
      `Cannot load ${path}: dtype is ${JSON.stringify(dtype)}, known: ${['auto', ...WEIGHT_DTYPES, ...QUANTIZATION_NAMES].join(', ')}`,
    );
  if (own?.bits === wanted.bits) return own;
  return isQuantizable(path) ? wanted : ownWidth(stored);
}

/** Learned positions are only added: nothing is gained by fewer bits. */
export function isQuantizable(path: string): boolean {
  return !path.endsWith('positionEmbedding.weight');
}

function ownWidth({ dtype }: TensorEntry): WeightDType {
  return dtype === 'float16' || dtype === 'bfloat16' ? dtype : 'float32';
}

/** Where a matrix comes from: its tensor as the file has it, and as floats. */
interface MatrixSource {
  readonly stored: WeightSource;
  readonly floats: WeightSource;
}

/** Fills a matrix from its tensor, a few megabytes at a time. `advance` hears of bytes of floats. */
export async function loadMatrix(
  source: MatrixSource,
  parameter: MatchedParameter,
  weight: Weight,
  advance: (bytes: number) => void,
): Promise<void> {
  const { format } = weight;
  if (typeof format === 'string') return loadFloats(source.floats, parameter, weight, advance);
  const codes = codesOf(source.stored, parameter);
  if (codes?.scheme === format) {
    await weight.backend.writeQuantized(weight.matrix, { ...(await codes.read()), first: 0, count: weight.rows });
    return advance(parameter.byteLength);
  }
  const own = schemeOfBlocks(source.stored.tensors.get(parameter.entry.name)!.dtype);
  const pieces =
    own === format ? blockPieces(source.stored, parameter, own) : roundedPieces(source.floats, parameter, format);
  const rowBytes = parameter.byteLength / weight.rows;
  for await (const { first, ...values } of pieces) {
    await weight.backend.writeQuantized(weight.matrix, { ...values, first, count: values.rows });
    advance(values.rows * rowBytes);
  }
}

/** The codes that a file of GPTQ or AWQ has for a parameter, if it is a whole tensor. */
function codesOf(stored: WeightSource, { spec, entry }: MatchedParameter): QuantizedEntry | undefined {
  return numElements(entry.shape) === numElements(spec.shape) ? stored.quantized?.get(entry.name) : undefined;
}

async function loadFloats(
  source: WeightSource,
  { entry, isTransposed, firstRow, byteLength }: MatchedParameter,
  weight: Weight,
  advance: (bytes: number) => void,
): Promise<void> {
  const count = isTransposed ? weight.columns : weight.rows;
  const start = (firstRow * byteLength) / count;
  await weight.backend.writeMatrix(weight.matrix, {
    dtype: ownWidth(entry),
    order: isTransposed ? 'columns' : 'rows',
    first: 0,
    count,
    data: async (target, offset) => {
      if (entry.dtype === 'float64') await readFloat64(source, entry, target, start + 2 * offset);
      else await source.read(entry.name, target, start + offset);
      advance(entry.dtype === 'float64' ? 2 * target.length : target.length);
    },
  });
}

/** Fills `target` with float32. */
async function readFloat64(source: WeightSource, { name }: TensorEntry, target: Uint8Array, offset: number) {
  const values = new Float64Array(target.length / 4);
  await source.read(name, new Uint8Array(values.buffer), offset);
  target.set(new Uint8Array(Float32Array.from(values).buffer));
}

/** Some rows of a matrix. */
interface Piece extends QuantizedMatrix {
  readonly first: number;
}

/** The codes of a tensor of blocks, whose rows are whole blocks. */
async function* blockPieces(
  source: WeightSource,
  { spec, entry, firstRow }: MatchedParameter,
  scheme: QuantizationScheme,
): AsyncGenerator<Piece> {
  const { dtype } = source.tensors.get(entry.name)!;
  if (!isBlockType(dtype)) throw new TypeError(`Cannot read the codes of ${dtype}: it has no blocks`);
  const columns = spec.shape[1]!;
  const rowBytes = (columns / BLOCK_SIZES[dtype].elements) * BLOCK_SIZES[dtype].bytes;
  for (const { first, rows } of runsOfRows(spec.shape[0], columns)) {
    const bytes = new Uint8Array(rows * rowBytes);
    await source.read(entry.name, bytes, (firstRow + first) * rowBytes);
    const matrix = emptyQuantizedMatrix(scheme, rows, columns);
    readBlockCodes(dtype, bytes, matrix);
    yield { ...matrix, first };
  }
}

/** Rows rounded to the nearest codes. A tensor with inputs as rows is read as a whole. */
async function* roundedPieces(
  source: WeightSource,
  { spec, entry, firstRow, isTransposed }: MatchedParameter,
  scheme: QuantizationScheme,
): AsyncGenerator<Piece> {
  const [numRows, columns] = [spec.shape[0], spec.shape[1]!];
  const read = (first: number, rows: number) => readValues(source, entry, first * columns, rows * columns);
  const whole = isTransposed ? transposed(await read(0, numRows), numRows) : undefined;
  for (const { first, rows } of runsOfRows(numRows, columns)) {
    const values = whole?.subarray(first * columns, (first + rows) * columns) ?? (await read(firstRow + first, rows));
    const matrix = emptyQuantizedMatrix(scheme, rows, columns);
    for (let row = 0; row < rows; row++) quantizeRow(matrix, row, values.subarray(row * columns, (row + 1) * columns));
    yield { ...matrix, first };
  }
}

function* runsOfRows(numRows: number, columns: number): Generator<{ readonly first: number; readonly rows: number }> {
  const most = Math.max(8, Math.floor(PIECE_LENGTH / columns) & ~7);
  for (let first = 0; first < numRows; first += most) yield { first, rows: Math.min(most, numRows - first) };
}

async function readValues(
  source: WeightSource,
  { name, dtype }: TensorEntry,
  first: number,
  count: number,
): Promise<Float32Array> {
  const size = STORED_BYTES[dtype as keyof typeof STORED_BYTES];
  const bytes = new Uint8Array(count * size);
  await source.read(name, bytes, first * size);
  return toFloat32(bytes, dtype)!;
}
