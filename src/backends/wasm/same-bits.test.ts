import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ACTIVATIONS, type Backend, type DeviceBuffer } from '../../backend/backend.ts';
import { randomFloats, randomInts } from '../../backend/conformance/numbers.ts';
import { WEIGHT_DTYPES } from '../../backend/dtype.ts';
import { createWasmBackend } from './wasm-backend.ts';

// The bits of a result depend on the numerics alone: not on the number of threads, nor on whether there are any.

/** A digest of each result. */
type Bits = Record<string, string>;

const TOKENS = 37;
const HEADS = 6;
const KV_HEADS = 3;
const HEAD_SIZE = 20;
const CHANNELS = HEADS * HEAD_SIZE;
const VOCABULARY = 1003;

async function compute(backend: Backend): Promise<Bits> {
  const results: Promise<[string, string]>[] = [];
  const put = (numbers: Float32Array | Int32Array): DeviceBuffer => {
    const buffer = backend.allocate(numbers instanceof Float32Array ? 'float32' : 'int32', numbers.length);
    backend.write(buffer, numbers);
    return buffer;
  };
  const run = (name: string, length: number, body: (output: DeviceBuffer) => void): DeviceBuffer => {
    const output = backend.allocate('float32', length);
    body(output);
    results.push(backend.read(output).then((values) => [name, createHash('sha256').update(values).digest('hex')]));
    return output;
  };
  const random = (seed: number, length: number) => put(randomFloats(seed, length, 3));

  const x = random(1, TOKENS * CHANNELS);
  const [weight, bias] = [random(2, CHANNELS), random(3, CHANNELS)];
  run('layerNorm', x.length, (y) => backend.layerNorm(y, x, weight, bias, 1e-5));
  run('rmsNorm', x.length, (y) => backend.rmsNorm(y, x, weight, 1e-6));
  for (const kind of ACTIVATIONS) run(kind, x.length, (y) => backend.gate(y, x, x, kind));
  const angles = [random(4, (TOKENS * HEAD_SIZE) / 2), random(5, (TOKENS * HEAD_SIZE) / 2)] as const;
  const rotary = { heads: HEADS, headSize: HEAD_SIZE, rotarySize: HEAD_SIZE, interleaved: false };
  run('rotate', x.length, (y) => backend.rotate(y, x, ...angles, rotary));

  for (const dtype of WEIGHT_DTYPES) {
    const matrix = backend.allocateMatrix(dtype, VOCABULARY, CHANNELS);
    const numbers = randomFloats(6, VOCABULARY * CHANNELS);
    const data = new Uint8Array(numbers.buffer);
    await backend.writeMatrix(matrix, { data, dtype: 'float32', order: 'rows', first: 0, count: VOCABULARY });
    const logits = run(`linear ${dtype}`, TOKENS * VOCABULARY, (y) => backend.linear(y, x, matrix, undefined));
    run(`softmax ${dtype}`, logits.length, (y) => backend.softmax(y, logits, VOCABULARY));
    run(`logSoftmax ${dtype}`, logits.length, (y) => backend.logSoftmax(y, logits, VOCABULARY));
    const ids = put(randomInts(7, TOKENS, VOCABULARY));
    run(`logSumExp ${dtype}`, TOKENS, (y) => backend.logSumExp(y, logits, VOCABULARY));
    run(`topK ${dtype}`, TOKENS * 9, (y) => {
      const indices = backend.allocate('int32', y.length);
      backend.topK(indices, y, logits, { columns: VOCABULARY, count: 9 });
    });
    run(`tokenLogProbs ${dtype}`, TOKENS, (y) => backend.tokenLogProbs(y, logits, ids, VOCABULARY));
    run(`embed ${dtype}`, TOKENS * CHANNELS, (y) => backend.embed(y, matrix, ids));
  }

  const [k, v] = [random(8, TOKENS * KV_HEADS * HEAD_SIZE), random(9, TOKENS * KV_HEADS * HEAD_SIZE)];
  const spans = [{ queryStart: 0, queryLength: TOKENS, keyStart: 0, keyLength: TOKENS }];
  const sizes = { heads: HEADS, kvHeads: KV_HEADS, headSize: HEAD_SIZE, scale: 0.2 };
  const mask = { values: random(10, TOKENS * TOKENS), width: TOKENS };
  run('attention', x.length, (y) => backend.attention(y, x, k, v, { ...sizes, spans, causal: true }));
  run('attention, mask', x.length, (y) => backend.attention(y, x, k, v, { ...sizes, spans, causal: false, mask }));
  computeGradients(backend, run, random);
  return Object.fromEntries(await Promise.all(results));
}

/** What training adds: gradients, sums over rows and optimizers. */
function computeGradients(
  backend: Backend,
  run: (name: string, length: number, body: (output: DeviceBuffer) => void) => DeviceBuffer,
  random: (seed: number, length: number) => DeviceBuffer,
): void {
  const rows = 300;
  const [x, grad, outputGrad] = [random(11, rows * CHANNELS), random(12, rows * CHANNELS), random(13, rows * 77)];
  const [weight, before] = [random(14, CHANNELS), random(15, CHANNELS)];
  for (const dtype of WEIGHT_DTYPES) {
    const matrix = backend.allocateMatrix(dtype, 77, CHANNELS);
    backend.packMatrix(matrix, random(16, 77 * CHANNELS));
    run(`linearInputGradient ${dtype}`, x.length, (y) => backend.linearInputGradient(y, outputGrad, matrix));
  }
  const large = backend.allocateMatrix('float32', 4100, 29);
  backend.packMatrix(large, random(17, 4100 * 29));
  run('linearInputGradient, large', 7 * 29, (y) => backend.linearInputGradient(y, random(18, 7 * 4100), large));
  run('linearWeightGradient', 77 * CHANNELS, (y) => {
    backend.fill(y, 1);
    backend.linearWeightGradient(y, outputGrad, x, { rows: 77, columns: CHANNELS });
  });
  const accumulated = (name: string, body: (output: DeviceBuffer) => void) =>
    run(name, CHANNELS, (y) => {
      backend.copy(y, before);
      body(y);
    });
  accumulated('addRowSum', (y) => backend.addRowSum(y, x));
  const unused = backend.allocate('float32', x.length);
  accumulated('layerNormGradient', (y) =>
    backend.layerNormGradient(unused, { weightGrad: y, biasGrad: undefined }, grad, x, weight, 1e-5),
  );
  run('sumOfSquares', 1, (y) => backend.sumOfSquares(y, x));
  for (const kind of ACTIVATIONS) run(`${kind} gradient`, x.length, (y) => backend.activateGradient(y, grad, x, kind));
  run('dropout', x.length, (y) => backend.dropout(y, x, { seed: 3, rate: 0.3 }));

  const spans = [0, 100].map((start) => ({ queryStart: start, queryLength: 100, keyStart: start, keyLength: 100 }));
  const sizes = { heads: HEADS, kvHeads: KV_HEADS, headSize: HEAD_SIZE, scale: 0.2, spans, causal: true };
  const [k, v] = [random(19, 220 * KV_HEADS * HEAD_SIZE), random(20, 220 * KV_HEADS * HEAD_SIZE)];
  const positionBias = { values: random(21, HEADS * 41), own: 20 };
  run('attention, position bias', x.length, (y) => backend.attention(y, x, k, v, { ...sizes, positionBias }));
  run('attentionGradient, positionBiasGrad', positionBias.values.length, (positionBiasGrad) => {
    backend.fill(positionBiasGrad, 0);
    const [queryGrad, keyGrad, valueGrad] = [x, k, v].map(({ length }) => backend.allocate('float32', length));
    const gradients = { queryGrad: queryGrad!, keyGrad: keyGrad!, valueGrad: valueGrad!, positionBiasGrad };
    backend.attentionGradient(gradients, grad, x, k, v, { ...sizes, positionBias });
  });
  const names = ['queryGrad', 'keyGrad', 'valueGrad'] as const;
  for (const name of names) {
    const length = name === 'queryGrad' ? x.length : k.length;
    run(`attentionGradient, ${name}`, length, (y) => {
      const [queryGrad, keyGrad, valueGrad] = names.map((it) =>
        it === name ? y : backend.allocate('float32', it === 'queryGrad' ? x.length : k.length),
      );
      const gradients = { queryGrad: queryGrad!, keyGrad: keyGrad!, valueGrad: valueGrad! };
      backend.attentionGradient(gradients, grad, x, k, v, sizes);
    });
  }
}

for (const numerics of ['fused', 'portable'] as const) {
  describe(`Same bits (${numerics})`, () => {
    let wanted: Bits;
    beforeAll(async () => {
      wanted = await computeOn(1);
    });

    async function computeOn(threads: number): Promise<Bits> {
      const backend = await createWasmBackend({ threads, numerics });
      try {
        return await compute(backend);
      } finally {
        await backend.dispose();
      }
    }

    test.each([2, 3, 7])('on %i threads as on one', async (threads) => {
      expect(await computeOn(threads)).toEqual(wanted);
    });

    test('without shared memory', async () => {
      vi.stubGlobal('crossOriginIsolated', false);
      try {
        expect(await computeOn(1)).toEqual(wanted);
      } finally {
        vi.unstubAllGlobals();
      }
    });
  });
}
