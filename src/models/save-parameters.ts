import type { WeightDType } from '../backend/dtype.ts';
import { transposed } from '../base/transposed.ts';
import { gptqTensors } from '../formats/quantized/gptq-tensors.ts';
import { roundValues } from '../formats/round-values.ts';
import { type TensorToWrite, writeSafetensors } from '../formats/write-safetensors.ts';
import type { QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import { storedShape } from './match-parameters.ts';
import type { ParameterReader } from './parameter-reader.ts';
import { type Naming, type ParameterSpec, type StoredName, storedName } from './parameter-spec.ts';

/** How parameters are written. */
export interface SaveOptions {
  readonly dtype: WeightDType;
  readonly read: ParameterReader;
  /** Matrices that are written as codes, in GPTQ's layout, by path. */
  readonly matrices?: ReadonlyMap<string, QuantizedMatrix> | undefined;
}

/**
 * Writes parameters to a safetensors file under the names that the architecture has for them, transposed and joined as it
 * stores them: what `loadParameters` undoes. One tensor is in memory at a time. Throws as `writeSafetensors`.
 */
export function saveParameters(
  location: string,
  specs: readonly ParameterSpec[],
  naming: Naming,
  options: SaveOptions,
): Promise<void> {
  const { dtype, read, matrices } = options;
  const tensors = storedTensors(specs, naming).flatMap(({ name, shape, parts }): readonly TensorToWrite[] => {
    const matrix = matrices?.get(parts[0]!.spec.path);
    if (matrix !== undefined) return gptqTensors(withoutWeight(name), matrix);
    const data = async () => roundValues(await joined(parts, shape, read), dtype);
    return [{ name, dtype, shape, data }];
  });
  return writeSafetensors(location, tensors);
}

/** A tensor of a file, and the parameters that lie in it. */
interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly { readonly spec: ParameterSpec; readonly place: StoredName }[];
}

function storedTensors(specs: readonly ParameterSpec[], naming: Naming): readonly StoredTensor[] {
  const byName = new Map<string, { spec: ParameterSpec; place: StoredName }[]>();
  for (const spec of specs) {
    const place = storedName(spec.path, naming);
    const parts = byName.get(place.name) ?? [];
    byName.set(place.name, [...parts, { spec, place }]);
  }
  return [...byName].map(([name, parts]) => {
    const { spec, place } = parts[0]!;
    return { name, shape: storedShape(spec, place), parts };
  });
}

async function joined(
  parts: StoredTensor['parts'],
  shape: readonly number[],
  read: ParameterReader,
): Promise<Float32Array> {
  const stored = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const rowLength = shape[1] ?? 1;
  for (const { spec, place } of parts) {
    const values = await read(spec.path);
    const start = (place.slice?.firstRow ?? 0) * rowLength;
    stored.set(place.isTransposed ? transposed(values, spec.shape[1]!) : values, start);
  }
  return stored;
}

function withoutWeight(name: string): string {
  return name.slice(0, -'.weight'.length);
}
