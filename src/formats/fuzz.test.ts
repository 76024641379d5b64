import { expect, test } from 'vitest';
import { encodeGguf, readGguf, TINY_LLAMA } from '../../test/fixtures/tiny-gguf.ts';
import { memoryFile } from '../../test/memory-file.ts';
import { mutate, readMutations } from '../../test/mutate.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { dequantizedWeights } from './gguf/dequantized-weights.ts';
import { readSafetensors } from './safetensors.ts';
import { readTensor, type WeightSource } from './weight-source.ts';

const MUTATIONS = 12_000;

/** Reads all that a file claims to have. */
async function readAll(source: WeightSource, limit: number): Promise<void> {
  for (const { name, byteLength } of source.tensors.values()) {
    if (byteLength > limit) throw new Error(`Tensor ${name} claims ${byteLength} bytes of a file of ${limit}`);
    await readTensor(source, name);
  }
}

/** Tries every mutation; gives how many were read. */
async function fuzz(
  original: Uint8Array<ArrayBuffer>,
  read: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<number> {
  await read(original);
  return readMutations(MUTATIONS, (seed) => read(mutate(original, seed)));
}

const SECONDS = 60_000;

test('Mutated GGUF files are read or refused with a clear error', { timeout: SECONDS }, async () => {
  const original = encodeGguf(TINY_LLAMA, [
    { name: 'blocks', dtype: 'q4_0', shape: [3, 32] },
    { name: 'eight bits', dtype: 'q8_0', shape: [1, 64] },
    { name: 'plain', dtype: 'float32', shape: [3] },
  ]);
  const numRead = await fuzz(original, async (bytes) => {
    await readAll(dequantizedWeights(await readGguf(bytes)), 8 * bytes.length);
  });
  expect(numRead).toBeGreaterThan(0);
  expect(numRead).toBeLessThan(MUTATIONS);
});

test('Mutated safetensors files are read or refused with a clear error', { timeout: SECONDS }, async () => {
  const original = encodeSafetensors([
    { name: 'weight', dtype: 'float32', shape: [3, 4], data: new Float32Array(12) },
    { name: 'bias', dtype: 'bfloat16', shape: [4], data: new Uint16Array(4) },
    { name: 'scale', dtype: 'float64', shape: [], data: new Float64Array(1) },
  ]);
  const numRead = await fuzz(original, async (bytes) => {
    await readAll(await readSafetensors(memoryFile(bytes)), bytes.length);
  });
  expect(numRead).toBeGreaterThan(0);
  expect(numRead).toBeLessThan(MUTATIONS);
});
