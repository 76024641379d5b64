import { sha256Hex } from '../base/sha256.ts';
import { isSameShape } from '../base/shape.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { readTensor, type WeightSource } from '../formats/weight-source.ts';
import { writeSafetensors } from '../formats/write-safetensors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { CheckpointError } from './checkpoint-error.ts';

/** Tensors of float32 by name. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** Writes tensors to a safetensors file; gives the checksum of them all. */
export async function writeTensors(location: string, tensors: NamedTensors): Promise<string> {
  const checksums: string[] = [];
  await writeSafetensors(
    location,
    [...tensors].map(([name, tensor]) => ({
      name,
      dtype: 'float32',
      shape: tensor.shape,
      data: async () => {
        const values = await tensor.read();
        checksums.push(await checksum(name, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));
        return values;
      },
    })),
  );
  return sha256Hex(checksums.join('\n'));
}

/**
 * Fills tensors from a file that `writeTensors` has written. Throws a `CheckpointError`, with nothing filled, unless it has them
 * all, in their shapes, and the checksum holds.
 */
export async function readTensors(
  location: string,
  tensors: NamedTensors,
  expected: { readonly checksum: string; readonly folder: string },
): Promise<void> {
  const { folder } = expected;
  const source = await openSafetensors(location).catch((cause: unknown) => {
    throw new CheckpointError(folder, `its tensors cannot be read (${(cause as Error).message})`, { cause });
  });
  try {
    expectTensors(source, tensors, folder);
    const checksums: string[] = [];
    for (const name of tensors.keys()) checksums.push(await checksum(name, await readTensor(source, name)));
    if ((await sha256Hex(checksums.join('\n'))) !== expected.checksum)
      throw new CheckpointError(folder, `${location} is damaged: its checksum does not hold`);
    for (const [name, { backend, buffer }] of tensors)
      backend.write(buffer, new Float32Array((await readTensor(source, name)).buffer));
  } finally {
    await source.close();
  }
}

async function checksum(name: string, bytes: Uint8Array): Promise<string> {
  return `${name} ${await sha256Hex(bytes)}`;
}

function expectTensors(source: WeightSource, tensors: NamedTensors, folder: string): void {
  const problems: string[] = [];
  for (const [name, { shape }] of tensors) {
    const entry = source.tensors.get(name);
    if (entry === undefined) problems.push(`${name} is missing`);
    else if (entry.dtype !== 'float32' || !isSameShape(entry.shape, shape)) problems.push(`${name} is misshapen`);
  }
  for (const name of source.tensors.keys()) if (!tensors.has(name)) problems.push(`${name} is unexpected`);
  if (problems.length > 0)
    throw new CheckpointError(folder, `${problems.slice(0, 20).join(', ')} (${problems.length} tensors)`);
}
