import { expect, test } from 'vitest';
import { encodeGguf, readGguf, TINY_LLAMA } from '../../test/fixtures/tiny-gguf.ts';
import { memoryFile } from '../../test/memory-file.ts';
import { philox } from '../base/random.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { dequantizedWeights } from './gguf/dequantized-weights.ts';
import { readSafetensors } from './safetensors.ts';
import { readTensor, type WeightSource } from './weight-source.ts';

const MUTATIONS = 12_000;
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];

/** A file with one to four changes: a byte, a number of 4 or 8 bytes, a piece left out, twice or moved, or an early end. */
function mutate(bytes: Uint8Array<ArrayBuffer>, seed: number): Uint8Array<ArrayBuffer> {
  let result = bytes.slice();
  let draws = 0;
  const draw = (bound: number) => philox(seed, draws++)[0]! % bound;
  for (let change = draw(4); change >= 0; change--) {
    const at = draw(result.length);
    const length = Math.min([1, 4, 8, 8][draw(4)]!, result.length - at);
    const kind = draw(8);
    if (kind === 0) result = result.slice(0, at);
    else if (kind === 1) result = joined(result.subarray(0, at), result.subarray(at + length));
    else if (kind === 2) result = joined(result.subarray(0, at + length), result.subarray(at));
    else if (kind === 3) result.copyWithin(at, draw(result.length), result.length - length);
    else if (kind === 4) result.fill(EXTREMES[draw(EXTREMES.length)]!, at, at + length);
    else for (let i = 0; i < (kind === 5 ? length : 1); i++) result[at + i] = draw(256);
    if (result.length === 0) return result;
  }
  return result;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** Reads all that a file claims to have. */
async function readAll(source: WeightSource, limit: number): Promise<void> {
  for (const { name, byteLength } of source.tensors.values()) {
    if (byteLength > limit) throw new Error(`Tensor ${name} claims ${byteLength} bytes of a file of ${limit}`);
    await readTensor(source, name);
  }
}

const BUILT_IN = [SyntaxError, RangeError, TypeError];

/** Tries every mutation; gives how many were read. Anything but one of our own messages fails. */
async function fuzz(
  original: Uint8Array<ArrayBuffer>,
  read: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<number> {
  let numRead = 0;
  await read(original);
  for (let seed = 0; seed < MUTATIONS; seed++) {
    try {
      await read(mutate(original, seed));
      numRead++;
    } catch (error) {
      const isOurs = BUILT_IN.some((type) => (error as Error).constructor === type);
      if (!isOurs || !(error as Error).message.startsWith('Cannot '))
        throw new Error(`Mutation ${seed}`, { cause: error });
    }
  }
  return numRead;
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
