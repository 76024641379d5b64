import type { Backend } from '../backend/backend.ts';
import type { WeightDType } from '../backend/dtype.ts';
import { readFloat32, type TensorEntry, type WeightSource } from '../formats/weight-source.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Weight } from '../tensor/weight.ts';
import { type MatchedParameter, matchParameters } from './match-parameters.ts';
import type { Naming, ParameterSpec } from './parameter-spec.ts';
import { Parameters } from './parameters.ts';

/** How much of the weights is on the device. */
export interface LoadProgress {
  readonly status: 'loading';
  /** The name of the tensor that was read last. */
  readonly file: string;
  /** Bytes read so far. */
  readonly loaded: number;
  /** Bytes in all. */
  readonly total: number;
}

/** How to load parameters. */
export interface LoadParametersOptions {
  /** Width of the matrices in memory; `auto` keeps each in the file's own. */
  readonly dtype?: WeightDType | 'auto' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** Bytes of a file that are in host memory at once, twice over: one piece is read while the last is packed. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Streams every parameter from a file to the device. If anything fails, or the signal aborts, all memory is freed. */
export async function loadParameters(
  backend: Backend,
  specs: readonly ParameterSpec[],
  naming: Naming,
  source: WeightSource,
  options: LoadParametersOptions = {},
): Promise<Parameters> {
  const matched = matchParameters(specs, naming, source);
  const total = matched.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const byPath = new Map<string, Weight | Tensor>();
  const reader = new PieceReader(source, options.signal);
  let loaded = 0;
  const advance = (entry: TensorEntry, bytes: number) => {
    loaded += bytes;
    options.onProgress?.({ status: 'loading', file: entry.name, loaded, total });
  };
  try {
    for (const parameter of matched) {
      options.signal?.throwIfAborted();
      const { spec, entry } = parameter;
      if (spec.kind === 'vector') {
        const values = await readFloat32(source, entry.name);
        const part = values.subarray(parameter.firstRow, parameter.firstRow + spec.shape[0]);
        byPath.set(spec.path, Tensor.from(backend, part, spec.shape));
        advance(entry, parameter.byteLength);
      } else {
        const dtype = options.dtype === undefined || options.dtype === 'auto' ? ownWidth(entry) : options.dtype;
        const weight = new Weight(backend, backend.allocateMatrix(dtype, ...spec.shape));
        byPath.set(spec.path, weight);
        await loadMatrix(reader, parameter, weight, (bytes) => advance(entry, bytes));
      }
    }
    await backend.synchronize();
  } catch (error) {
    new Parameters(backend, byPath).release();
    throw error;
  }
  return new Parameters(backend, byPath);
}

function ownWidth(entry: TensorEntry): WeightDType {
  return entry.dtype === 'float16' || entry.dtype === 'bfloat16' ? entry.dtype : 'float32';
}

/** Reads the next piece while the device packs the last one. */
async function loadMatrix(
  reader: PieceReader,
  { entry, isTransposed, firstRow, byteLength }: MatchedParameter,
  weight: Weight,
  advance: (bytes: number) => void,
): Promise<void> {
  const numLines = isTransposed ? weight.columns : weight.rows;
  const lineBytes = byteLength / Math.max(1, numLines);
  const linesPerPiece = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, lineBytes)));
  let packing: Promise<void> = Promise.resolve();
  for (let first = 0; first < numLines; first += linesPerPiece) {
    const count = Math.min(linesPerPiece, numLines - first);
    let piece: Piece;
    try {
      piece = await reader.read(entry, (firstRow + first) * lineBytes, count * lineBytes);
    } finally {
      await packing;
    }
    packing = weight.backend.writeMatrix(weight.matrix, {
      ...piece,
      order: isTransposed ? 'columns' : 'rows',
      first,
      count,
    });
    advance(count * lineBytes);
  }
  await packing;
}

interface Piece {
  readonly data: Uint8Array;
  readonly dtype: WeightDType;
}

/** Reads pieces into two buffers in turn. */
class PieceReader {
  readonly #source: WeightSource;
  readonly #signal: AbortSignal | undefined;
  #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];

  constructor(source: WeightSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  async read(entry: TensorEntry, offset: number, length: number): Promise<Piece> {
    this.#signal?.throwIfAborted();
    const data = this.#nextBuffer(length);
    await this.#source.read(entry.name, data, offset);
    switch (entry.dtype) {
      case 'float32':
      case 'float16':
      case 'bfloat16':
        return { data, dtype: entry.dtype };
      case 'float64': {
        const values = Float32Array.from(new Float64Array(data.slice().buffer));
        return { data: new Uint8Array(values.buffer), dtype: 'float32' };
      }
      default:
        throw new TypeError(`Cannot load ${entry.name}: it is ${entry.dtype}, wanted a float of 16 to 64 bits`);
    }
  }

  #nextBuffer(length: number): Uint8Array {
    const [next, other] = this.#buffers;
    const buffer = next.length >= length ? next : new Uint8Array(Math.max(length, PIECE_BYTES));
    this.#buffers = [other, buffer];
    return buffer.subarray(0, length);
  }
}
