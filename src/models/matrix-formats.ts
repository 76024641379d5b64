import type { MatrixFormat } from '../backend/dtype.ts';
import { dequantizedWeights } from '../formats/gguf/dequantized-weights.ts';
import { describeLanguageModel, languageModelParameters } from './language-model.ts';
import { formatOf } from './load-matrix.ts';
import type { LoadParametersOptions } from './load-parameters.ts';
import { matchParameters } from './match-parameters.ts';
import { openStoredWeights } from './open-model-weights.ts';

/** What each matrix of a model is in memory, by path. */
export type MatrixFormats = ReadonlyMap<string, MatrixFormat>;

/**
 * What each matrix of a Hugging Face folder or GGUF file will be on a device, without loading it: a folder of GPTQ or AWQ has codes
 * beside floats, and files of blocks have several types. Throws as `loadModel` does for files that it would not load.
 *
 * @example
 * const { config } = await describeModel('path/to/int4');
 * estimateMemory(config, { formats: await readMatrixFormats('path/to/int4') }).weightBytes;
 */
export async function readMatrixFormats(
  folder: string,
  { dtype = 'auto', signal }: Pick<LoadParametersOptions, 'dtype' | 'signal'> = {},
): Promise<MatrixFormats> {
  const { config, naming } = await describeLanguageModel(folder);
  const stored = await openStoredWeights(folder, { signal });
  try {
    const matched = matchParameters(languageModelParameters(config), naming, dequantizedWeights(stored));
    const matrices = matched.filter(({ spec }) => spec.kind === 'matrix');
    return new Map(matrices.map((parameter) => [parameter.spec.path, formatOf(stored, parameter, dtype)]));
  } finally {
    await stored.close();
  }
}
