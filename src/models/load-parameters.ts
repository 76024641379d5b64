import type { Backend } from '../backend/backend.ts';
import { numElements } from '../base/shape.ts';
import { dequantizedWeights } from '../formats/gguf/dequantized-weights.ts';
import { readFloat32, type TensorEntry, type WeightSource } from '../formats/weight-source.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Weight } from '../tensor/weight.ts';
import { formatOf, type LoadedDType, loadMatrix } from './load-matrix.ts';
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
  /** What the matrices are in memory; `auto` unless given. A width widens codes, which can then be trained. */
  readonly dtype?: LoadedDType | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** Parameters on their way at once: small ones must not hold large ones up. The device bounds the bytes. */
const MAX_UNDER_WAY = 4;

/**
 * Streams every parameter from a file to the device; tensors of blocks may be as they are. If anything fails, or the signal aborts, all memory is
 * freed.
 */
export async function loadParameters(
  backend: Backend,
  specs: readonly ParameterSpec[],
  naming: Naming,
  source: WeightSource,
  options: LoadParametersOptions = {},
): Promise<Parameters> {
  const floats = dequantizedWeights(source);
  const matched = matchParameters(specs, naming, floats);
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
        backend.write(vector.buffer, await readVector(floats, parameter));
        advance(entry, parameter.byteLength);
      } else {
        const format = formatOf(source, parameter, dtype);
        const weight = new Weight(backend, backend.allocateMatrix(format, ...spec.shape));
        byPath.set(spec.path, weight);
        await loadMatrix({ stored: source, floats }, parameter, weight, (bytes) => advance(entry, bytes));
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
  const start = firstRow * numElements(spec.shape.slice(1));
  return values.subarray(start, start + numElements(spec.shape));
}
