import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '../src/formats/safetensors.ts';
import { readFloat32 } from '../src/formats/weight-source.ts';

/** The path of a file or folder of test/goldens. */
export function goldenPath(...names: readonly string[]): string {
  return fileURLToPath(new URL(['./goldens', ...names].join('/'), import.meta.url));
}

export function goldenNames(kind: string): readonly string[] {
  return readdirSync(goldenPath(kind), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

export function readGoldenJson<Golden>(...names: readonly string[]): Golden {
  return JSON.parse(readFileSync(goldenPath(...names), 'utf8')) as Golden;
}

/** Every tensor of a golden file, as float32. */
export async function readGoldenTensors(...names: readonly string[]): Promise<ReadonlyMap<string, Float32Array>> {
  const source = await openSafetensors(goldenPath(...names));
  const tensors = new Map<string, Float32Array>();
  for (const name of source.tensors.keys()) tensors.set(name, await readFloat32(source, name));
  await source.close();
  return tensors;
}

/** ‖a − b‖ / ‖b‖. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`Cannot compare ${a.length} values with ${b.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
