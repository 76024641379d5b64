import { saveAdapter } from '../src/adapters/save-adapter.ts';
import { createReferenceBackend } from '../src/backends/reference/reference-backend.ts';
import { uniform } from '../src/base/random.ts';
import { loadLanguageModel } from '../src/models/language-model.ts';
import { createLora, type LoraOptions } from '../src/training/lora.ts';

/** Writes an adapter of a model into a folder, with a B that is not zero. */
export async function saveRandomAdapter(modelFolder: string, folder: string, options: LoraOptions): Promise<void> {
  const backend = createReferenceBackend();
  const model = await loadLanguageModel(backend, modelFolder);
  const adapter = await createLora(model, options);
  for (const { path, outputs } of adapter.targeted) {
    const { matrix } = adapter.parameters.weight(`${path}.loraB`);
    const values = Float32Array.from({ length: outputs * adapter.config.rank }, (_, i) => uniform(7, i) - 0.5);
    const data = new Uint8Array(values.buffer);
    await backend.writeMatrix(matrix, { data, dtype: 'float32', order: 'rows', first: 0, count: outputs });
  }
  await saveAdapter(adapter, folder);
  await backend.dispose();
}
