import { Tensor } from '../tensor/tensor.ts';
import type { Parameters } from './parameters.ts';

/** Gives a parameter's values, row-major, by its path. */
export type ParameterReader = (path: string) => Promise<Float32Array>;

/** Reads the parameters of a loaded model; of matrices that are being trained, their float32 values. */
export function readerOf(parameters: Parameters): ParameterReader {
  const byPath = new Map(parameters.entries);
  return async (path) => {
    const parameter = byPath.get(path)!;
    const values = parameter instanceof Tensor ? parameter : (parameter.trained?.values ?? parameter);
    return (await values.read()) as Float32Array;
  };
}
