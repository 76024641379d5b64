import { afterAll, describe, expect, test } from 'vitest';
import type { Backend, DeviceBuffer, PagedBatch } from '../../backend/backend.ts';
import { randomFloats } from '../../backend/conformance/numbers.ts';
import { createReferenceBackend } from '../reference/reference-backend.ts';
import { createWasmBackend } from './wasm-backend.ts';

// The sum of weights runs in pieces of 1024 positions (assembly/attention-weights.ts): more keys than that, with windows and
// chunks that begin anywhere.

const KEYS = 2500;
const NUM_BLOCKS = 200;
const SIZES = { heads: 2, kvHeads: 1, headSize: 8 };
const WIDTH = SIZES.heads * SIZES.headSize;
const QUERIES = randomFloats(1, KEYS * WIDTH, 2);
const [K, V] = [randomFloats(2, KEYS * SIZES.headSize, 2), randomFloats(3, KEYS * SIZES.headSize, 2)];
/** Blocks in no order. */
const BLOCKS = Int32Array.from({ length: NUM_BLOCKS }, (_, i) => (i * 71) % NUM_BLOCKS);

function put(backend: Backend, numbers: Float32Array | Int32Array): DeviceBuffer {
  const buffer = backend.allocate(numbers instanceof Float32Array ? 'float32' : 'int32', numbers.length);
  backend.write(buffer, numbers);
  return buffer;
}

function pagedBatch(backend: Backend, start: number, count: number): PagedBatch {
  const slotOf = (token: number) => BLOCKS[token >> 4]! * 16 + (token & 15);
  return {
    ...{ numTokens: count, numSequences: 1, maxBlocks: NUM_BLOCKS },
    queryStarts: put(backend, Int32Array.of(0, count)),
    keyLengths: put(backend, Int32Array.of(start + count)),
    blockTables: put(backend, BLOCKS),
    slots: put(
      backend,
      Int32Array.from({ length: count }, (_, i) => slotOf(start + i)),
    ),
  };
}

/** The outputs of all queries, computed in chunks of the given lengths. */
async function attend(backend: Backend, chunks: readonly number[], window: number | undefined) {
  const cache = backend.allocateCache({ numBlocks: NUM_BLOCKS, kvHeads: SIZES.kvHeads, headSize: SIZES.headSize });
  const outputs = new Float32Array(KEYS * WIDTH);
  let start = 0;
  for (const count of chunks) {
    const batch = pagedBatch(backend, start, count);
    const part = (numbers: Float32Array) => {
      const width = numbers.length / KEYS;
      return put(backend, numbers.slice(start * width, (start + count) * width));
    };
    backend.storeKeysValues(cache, part(K), part(V), batch);
    const output = backend.allocate('float32', count * WIDTH);
    const options = { heads: SIZES.heads, scale: 0.5, window, maxKeyLength: start + count };
    backend.pagedAttention(output, part(QUERIES), cache, batch, options);
    outputs.set((await backend.read(output)) as Float32Array, start * WIDTH);
    start += count;
  }
  return outputs;
}

describe('Attention over thousands of keys', async () => {
  const backend = await createWasmBackend({ threads: 2 });
  const reference = createReferenceBackend();
  afterAll(() => backend.dispose());

  test.each([undefined, 1500, 100])('window %s: near the reference, and the same bits in chunks', async (window) => {
    const whole = await attend(backend, [KEYS], window);
    for (const chunks of [
      [1000, 1, 27, 1472],
      [2499, 1],
    ]) {
      expect(await attend(backend, chunks, window)).toEqual(whole);
    }
    const [q, k, v] = [put(reference, QUERIES.slice(-2 * WIDTH)), put(reference, K), put(reference, V)];
    const output = reference.allocate('float32', 2 * WIDTH);
    const spans = [{ queryStart: 0, queryLength: 2, keyStart: 0, keyLength: KEYS }];
    reference.attention(output, q, k, v, { ...SIZES, spans, scale: 0.5, causal: true, window });
    const wanted = await reference.read(output);
    const got = whole.slice(-2 * WIDTH);
    const norm = (numbers: ArrayLike<number>) => Math.hypot(...Array.from(numbers));
    expect(norm(got.map((x, i) => x - wanted[i]!)) / norm(wanted)).toBeLessThan(2e-6);
  });
});
