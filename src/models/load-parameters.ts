import type { Backend } from '../backend/backend.ts';
import type { WeightDType } from '../backend/dtype.ts';
import { type QuantizedEntry, readFloat32, type TensorEntry, type WeightSource } from '../formats/weight-source.ts';
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

/** Parameters on their way at once: small ones must not hold large ones up. The device bounds the bytes. */
const MAX_UNDER_WAY = 4;

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
  const { dtype = 'auto', signal, onProgress } = options;
  let loaded = 0;
  const advance = (entry: TensorEntry, bytes: number) => {
    signal?.throwIfAborted();
    loaded += bytes;
    onProgress?.({ status: 'loading', file: entry.name, loaded, total });
  };
  try {
    await forEachAtOnce(matched, MAX_UNDER_WAY, async (parameter) => {
      const { spec, entry } = parameter;
      signal?.throwIfAborted();
      if (spec.kind === 'vector') {
        const vector = Tensor.allocate(backend, spec.shape);
        byPath.set(spec.path, vector);
        backend.write(vector.buffer, await readVector(source, parameter));
        advance(entry, parameter.byteLength);
      } else {
        const quantized = dtype === 'auto' ? wholeQuantized(source, parameter) : undefined;
        const format = quantized?.scheme ?? (dtype === 'auto' ? ownWidth(entry) : dtype);
        const weight = new Weight(backend, backend.allocateMatrix(format, ...spec.shape));
        byPath.set(spec.path, weight);
        if (quantized === undefined) await loadMatrix(source, parameter, weight, (bytes) => advance(entry, bytes));
        else {
          await backend.writeQuantized(weight.matrix, { ...(await quantized.read()), first: 0, count: weight.rows });
          advance(entry, parameter.byteLength);
        }
      }
    });
    await backend.synchronize();
  } catch (error) {
    new Parameters(backend, byPath).release();
    throw error;
  }
  return new Parameters(backend, byPath);
}

/** Runs `body` for each item in order, at most `limit` at a time. After a failure no other is begun, and all have ended. */
async function forEachAtOnce<Item>(
  items: readonly Item[],
  limit: number,
  body: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const failures: unknown[] = [];
  const run = async () => {
    for (const item of rest) {
      if (failures.length > 0) return;
      await body(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: limit }, run));
  if (failures.length > 0) throw failures[0];
}

async function readVector(source: WeightSource, { spec, entry, firstRow }: MatchedParameter): Promise<Float32Array> {
  const values = await readFloat32(source, entry.name);
  return values.subarray(firstRow, firstRow + spec.shape[0]);
}

/** The codes of a parameter that is a whole tensor of them. */
function wholeQuantized(source: WeightSource, { spec, entry }: MatchedParameter): QuantizedEntry | undefined {
  const numElements = entry.shape.reduce((product, size) => product * size, 1);
  return numElements === spec.shape[0] * (spec.shape[1] ?? 1) ? source.quantized?.get(entry.name) : undefined;
}

function ownWidth(entry: TensorEntry): WeightDType {
  return entry.dtype === 'float16' || entry.dtype === 'bfloat16' ? entry.dtype : 'float32';
}

async function loadMatrix(
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
