import { expect, test } from 'vitest';
import { goldenPath, relativeError } from '../../test/goldens.ts';
import { saveRandomLlama } from '../../test/save-random-llama.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { createWasmBackend } from '../backends/wasm/wasm-backend.ts';
import { openWeights } from '../formats/open-weights.ts';
import { QUANTIZATION_NAMES, QUANTIZATIONS } from '../quantized/quantization-scheme.ts';
import { dequantize } from '../quantized/quantized-matrix.ts';
import { quantizeToNearest } from '../quantized/round-to-nearest.ts';
import { Weight } from '../tensor/weight.ts';
import { writeGguf } from './gguf/write-gguf.ts';
import type { LoadedDType } from './load-matrix.ts';
import { describeModel, loadModel, loadModelFrom } from './load-model.ts';

const files = temporaryFolder();
const IDS = [1, 5, 9, 2, 7, 3];

async function logitsOf(backend: Backend, location: string, dtype: LoadedDType): Promise<Float32Array> {
  const model = await loadModel(backend, location, { dtype });
  const { logits } = await model.forward({ inputIds: IDS });
  const values = Float32Array.from(logits.data);
  model.dispose();
  return values;
}

/** The matrices of a model by their paths, in what they stand for. */
async function matricesOf(location: string, dtype: LoadedDType): Promise<ReadonlyMap<string, Weight>> {
  const { parameters } = await loadModel(createReferenceBackend(), location, { dtype });
  return new Map([...parameters.entries].filter((entry): entry is [string, Weight] => entry[1] instanceof Weight));
}

test.each(QUANTIZATION_NAMES)(
  'Matrices loaded as %s are rounded to the nearest codes, positions stay',
  async (name) => {
    for (const golden of ['gpt2', 'llama-gqa-bfloat16']) {
      const floats = await matricesOf(goldenPath('models', golden), 'float32');
      for (const [path, weight] of await matricesOf(goldenPath('models', golden), name)) {
        const values = await floats.get(path)!.read();
        if (path === 'positionEmbedding.weight') {
          expect(weight.dtype).toBe('float32');
          expect(sameBits(await weight.read(), values)).toBe(true);
          continue;
        }
        expect(weight.format).toBe(QUANTIZATIONS[name]);
        const wanted = dequantize(quantizeToNearest(values, QUANTIZATIONS[name], weight.rows, weight.columns));
        expect(sameBits(await weight.read(), wanted), path).toBe(true);
      }
    }
  },
);

test.each([
  ['int8', 0.06],
  ['int4', 0.4],
] as const)(
  'A model of %s weights has nearly the same logits, and the same bits on every backend',
  async (name, most) => {
    const folder = goldenPath('models', 'gpt2');
    const exact = await logitsOf(createReferenceBackend(), folder, 'float32');
    const reference = await logitsOf(createReferenceBackend(), folder, name);
    const error = relativeError(reference, exact);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(most);
    const backend = await createWasmBackend({ threads: 2 });
    expect(relativeError(await logitsOf(backend, folder, name), reference)).toBeLessThan(0.01);
    await backend.dispose();
  },
);

test.each([
  ['q8_0', 'int8', 'float16'],
  ['q5_0', 'int8', 'float16'],
  ['q4_0', 'int4', 'float16'],
  ['q4_1', 'int4', 'float16'],
  ['q5_1', 'float32', undefined],
] as const)('The blocks %s of a GGUF file stay as they are, as %s', async (type, dtype, scaleDType) => {
  const [folder, location] = [files.path('model'), files.path('model.gguf')];
  await saveRandomLlama(folder);
  await writeGguf(folder, location, { dtype: type });
  const floats = await matricesOf(location, 'float32');
  const kept = await matricesOf(location, 'auto');
  for (const [path, weight] of kept) {
    // Rows of `down` are no whole blocks, and so of float16.
    expect(weight.dtype, path).toBe(path.endsWith('mlp.down.weight') ? 'float16' : dtype);
    if (typeof weight.format !== 'string') expect(weight.format.scaleDType).toBe(scaleDType);
    expect(sameBits(await weight.read(), await floats.get(path)!.read()), path).toBe(true);
  }
  const bits = dtype === 'int4' ? 'int4' : 'int8';
  for (const [path, weight] of await matricesOf(location, bits))
    expect(weight.format, path).toBe(
      dtype === 'float32' || path.endsWith('mlp.down.weight') ? QUANTIZATIONS[bits] : kept.get(path)!.format,
    );
});

test('An unknown dtype and a weight that is not finite are refused, and all memory is free again', async () => {
  const folder = goldenPath('models', 'gpt2');
  const backend = createReferenceBackend();
  await expect(loadModel(backend, folder, { dtype: 'int3' as never })).rejects.toThrow(
    'dtype is "int3", known: auto, float32, bfloat16, float16, int8, int8-row, int4,',
  );
  const source = await openWeights(folder);
  const broken = {
    ...{ location: source.location, tensors: source.tensors, metadata: source.metadata, close: () => source.close() },
    async read(name: string, target: Uint8Array, byteOffset: number) {
      await source.read(name, target, byteOffset);
      if (name.endsWith('mlp.c_fc.weight')) target.fill(255, 0, 4);
    },
  };
  const load = loadModelFrom(backend, await describeModel(folder), broken, { dtype: 'int8' });
  await expect(load).rejects.toThrow('Cannot quantise: a weight is NaN, wanted a finite number');
  await source.close();
  expect(backend.memoryUsage().allocatedBytes).toBe(0);
});

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}
