import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, QUANTIZATIONS, quantizeModel, saveQuantizedModel } from 'kvasir';

/** How weights of so many bits are rounded; embeddings and norms stay float16. */
const METHODS = /** @type {const} */ ({ int8: 'nearest', int4: 'gptq' });

export const TRAINED_SCHEMES = /** @type {readonly (keyof typeof METHODS)[]} */ (Object.keys(METHODS));

/**
 * Writes the weights of a trained model's blocks as codes in the place of what is in its folder.
 * @param {import('kvasir').Backend} backend
 * @param {string} folder
 * @param {{ scheme: keyof typeof METHODS, calibration: readonly number[][] }} options `calibration`: tokens of texts like those of the
 *   training, for 4 bits
 */
export async function quantizeTrained(backend, folder, { scheme, calibration }) {
  const work = mkdtempSync(join(tmpdir(), 'kvasir-'));
  const model = await loadModel(backend, folder, { dtype: 'float32' });
  try {
    const method = METHODS[scheme];
    const wanted = { scheme: { ...QUANTIZATIONS[scheme], scaleDType: /** @type {const} */ ('float16') }, method };
    const matrices = await quantizeModel(model, method === 'gptq' ? { ...wanted, calibration } : wanted);
    await saveQuantizedModel(model, matrices, work, { baseFolder: folder });
    for (const name of ['config.json', 'model.safetensors']) copyFileSync(join(work, name), join(folder, name));
  } finally {
    model.dispose();
    rmSync(work, { recursive: true, force: true });
  }
}
