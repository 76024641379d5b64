import type { Backend } from '../backend/backend.ts';
import type { WeightDType } from '../backend/dtype.ts';
import { createBackend } from '../create-backend.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { LoadParametersOptions } from '../models/load-parameters.ts';
import { saveLanguageModel } from '../models/save-language-model.ts';
import { LoadProgressBar } from './load-progress.ts';
import type { Terminal } from './terminal.ts';
import { writeWhole } from './write-whole.ts';

/** A folder that a model comes from, and one for it to go to. */
interface FloatsToWrite {
  readonly folder: string;
  readonly output: string;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** A model, and the width that its weights are written with. */
interface Floats {
  readonly model: LanguageModel;
  readonly dtype: WeightDType;
}

/** Writes the whole folder of the model that `load` gives, or nothing; gives the width of its weights. */
export async function writeFloats(
  terminal: Terminal,
  { folder, output, json, signal }: FloatsToWrite,
  load: (backend: Backend, options: Pick<LoadParametersOptions, 'signal' | 'onProgress'>) => Promise<Floats>,
): Promise<WeightDType> {
  const bar = new LoadProgressBar(terminal, { isQuiet: json });
  // It computes nothing, and its memory is not limited to what WebAssembly can address.
  const backend = await createBackend({ device: 'reference' });
  try {
    const { model, dtype } = await load(backend, { signal, onProgress: bar.update.bind(bar) });
    await writeWhole(output, signal, (partial) => saveLanguageModel(model, partial, { dtype, baseFolder: folder }));
    return dtype;
  } finally {
    bar.stop();
    await backend.dispose();
  }
}
