import { type MatrixDType, matrixDType } from '../../backend/dtype.ts';
import { readMatrixFormats } from '../../models/matrix-formats.ts';
import { isLora, type RunSettings } from './complete-settings.ts';

/**
 * The codes among the weights of a folder, which must become floats before they are trained: a step of training is far smaller than
 * one of codes. None where an adapter is trained beside them, or a width is asked for.
 */
export async function codesToWiden(
  folder: string,
  settings: RunSettings,
  signal: AbortSignal,
): Promise<readonly MatrixDType[]> {
  const { dtype = 'auto' } = settings;
  if (dtype !== 'auto' || isLora(settings)) return [];
  const formats = await readMatrixFormats(folder, { signal });
  const codes = [...formats.values()].filter((format) => typeof format !== 'string');
  return [...new Set(codes.map(matrixDType))];
}
