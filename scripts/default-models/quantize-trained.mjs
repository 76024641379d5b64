import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadLanguageModel,
  loadTokenizer,
  QUANTIZATIONS,
  quantizeModel,
  readMatrixFormats,
  saveQuantizedModel,
} from 'kvasir';

/**
 * How weights of so many bits are rounded; embeddings and norms stay float16. With texts, what the layers give for them is kept where
 * bits are few.
 */
const METHODS = /** @type {const} */ ({
  int8: { withTexts: 'nearest', alone: 'nearest' },
  int4: { withTexts: 'gptq', alone: 'search' },
});

/** @typedef {keyof typeof METHODS} TrainedScheme */

export const TRAINED_SCHEMES = /** @type {readonly TrainedScheme[]} */ (Object.keys(METHODS));

/**
 * Writes the weights of a trained model's blocks as codes in the place of the floats that are in its folder.
 * @param {import('kvasir').Backend} backend
 * @param {string} folder
 * @param {{ scheme: TrainedScheme, texts: readonly string[] | undefined }} options `texts`: like those of the training; none for a model
 *   with an encoder
 */
export async function quantizeTrained(backend, folder, { scheme, texts }) {
  const formats = [...(await readMatrixFormats(folder)).values()];
  if (formats.some((format) => typeof format !== 'string'))
    throw new Error(`${folder} has weights of codes already, wanted floats: they would be rounded twice`);
  const method = METHODS[scheme][texts === undefined ? 'alone' : 'withTexts'];
  const calibration = method === 'gptq' ? await tokensOf(folder, texts ?? []) : undefined;
  const work = mkdtempSync(join(tmpdir(), 'kvasir-'));
  const model = await loadLanguageModel(backend, folder, { dtype: 'float32' });
  try {
    const wanted = { ...QUANTIZATIONS[scheme], scaleDType: /** @type {const} */ ('float16') };
    const matrices = await quantizeModel(model, { scheme: wanted, method, calibration });
    await saveQuantizedModel(model, matrices, work, { baseFolder: folder });
    for (const name of ['config.json', 'model.safetensors']) copyFileSync(join(work, name), join(folder, name));
  } finally {
    model.dispose();
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {readonly string[]} texts */
async function tokensOf(folder, texts) {
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer === undefined) throw new Error(`${folder} has no tokenizer`);
  return texts.map((text) => tokenizer.encode(text));
}
