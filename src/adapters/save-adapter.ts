import { platform } from '#platform';
import type { WeightDType } from '../backend/dtype.ts';
import { saveParameters } from '../models/save-parameters.ts';
import { formatAdapterConfig } from './adapter-config.ts';
import { adapterTensors, CONFIG_FILE, storedAdapter, TENSORS_FILE } from './adapter-tensors.ts';
import type { LoraAdapter } from './lora-adapter.ts';

/**
 * Writes an adapter into a folder, which is made if it is not there, in the layout that PEFT reads: `adapter_config.json` and
 * `adapter_model.safetensors`, in float32 unless `dtype` says another width. If it fails, or the signal aborts, an adapter
 * that was there is as it was.
 *
 * @example
 * await saveAdapter(adapter, 'path/to/adapter');
 */
export async function saveAdapter(
  { config, targeted, parameters }: LoraAdapter,
  folder: string,
  options: { readonly dtype?: WeightDType | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { dtype = 'float32', signal } = options;
  const tensors = adapterTensors(targeted, config.rank);
  const { specs, naming } = storedAdapter(tensors);
  const paths = new Map(tensors.map(({ name, path }) => [name, path]));
  const read = (name: string) => {
    signal?.throwIfAborted();
    return parameters.weight(paths.get(name)!).read();
  };
  const isTransposed = targeted.some((layer) => layer.isTransposed);
  signal?.throwIfAborted();
  await platform.makeDirectory(folder);
  // One within the other: both are whole on the disk before either takes its place.
  await platform.writeFileAtomically(platform.join(folder, CONFIG_FILE), async (file) => {
    await file.append(new TextEncoder().encode(formatAdapterConfig(config, isTransposed)));
    await saveParameters(platform.join(folder, TENSORS_FILE), specs, naming, { dtype, read });
  });
}
