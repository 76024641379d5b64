import { platform } from '#platform';
import { encodeSafetensors } from '../formats/encode-safetensors.ts';
import type { WritableFile } from '../platform/platform.ts';
import { formatAdapterConfig } from './adapter-config.ts';
import type { LoraAdapter } from './lora-adapter.ts';
import { CONFIG_FILE, TENSORS_FILE, tensorName } from './read-adapter.ts';

/**
 * Writes an adapter into a folder, which is made if it is not there, in the layout that PEFT reads: `adapter_config.json` and
 * `adapter_model.safetensors`, each whole or not at all, in float32. Throws the file system's error and the signal's reason.
 *
 * @example
 * await saveAdapter(adapter, 'path/to/adapter');
 */
export async function saveAdapter(
  adapter: LoraAdapter,
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { config, targeted, parameters } = adapter;
  const tensors = [];
  for (const layer of targeted)
    for (const part of ['A', 'B'] as const) {
      const weight = parameters.weight(`${layer.path}.lora${part}`);
      const data = await weight.read();
      tensors.push({ name: tensorName(layer, part), dtype: 'float32' as const, shape: weight.shape, data });
    }
  const fanInFanOut = targeted.some(({ isTransposed }) => isTransposed);
  const configBytes = new TextEncoder().encode(formatAdapterConfig(config, fanInFanOut));
  const tensorBytes = encodeSafetensors(tensors);
  await platform.makeDirectory(folder);
  const write = (name: string, fill: (file: WritableFile) => Promise<void>) =>
    platform.writeFileAtomically(platform.join(folder, name), fill, options);
  // One within the other: both are on the disk before either takes its place.
  await write(CONFIG_FILE, async (file) => {
    await file.append(configBytes);
    await write(TENSORS_FILE, (tensorsFile) => tensorsFile.append(tensorBytes));
  });
}
