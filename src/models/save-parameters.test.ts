import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { goldenNames, goldenPath } from '../../test/goldens.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { openWeights } from '../formats/open-weights.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { readTensor } from '../formats/weight-source.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { describeModel, loadModel } from './load-model.ts';
import { matchParameters } from './match-parameters.ts';
import type { Naming, ParameterSpec } from './parameter-spec.ts';
import { saveParameters } from './save-parameters.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvasir-save-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(goldenNames('models'))(
  '%s: what is loaded and saved has the same bytes under the same names',
  async (name) => {
    const backend = createReferenceBackend();
    const { config, naming } = await describeModel(goldenPath('models', name));
    const model = await loadModel(backend, goldenPath('models', name));
    const source = await openWeights(goldenPath('models', name));
    const byPath = new Map(model.parameters.entries);
    const dtypes = new Set([...source.tensors.values()].map(({ dtype }) => dtype));
    const [dtype] = dtypes as Set<'float32' | 'bfloat16' | 'float16'>;
    expect(dtypes.size).toBe(1);
    const location = join(folder, `${name}.safetensors`);
    const read = async (path: string) => (await byPath.get(path)!.read()) as Float32Array;
    await saveParameters(location, decoderOnlyParameters(config), naming, { dtype: dtype!, read });

    const saved = await openSafetensors(location);
    expect(saved.metadata.get('format')).toBe('pt'); // without it Transformers refuses a file
    const wanted = [...source.tensors.keys()].filter((key) => !naming.ignored.some((pattern) => pattern.test(key)));
    const savedName = (key: string) => (saved.tensors.has(key) ? key : `${naming.optionalPrefix}${key}`);
    expect([...saved.tensors.keys()].toSorted()).toEqual(wanted.map(savedName).toSorted());
    for (const key of wanted) {
      expect(saved.tensors.get(savedName(key))!.shape).toEqual(source.tensors.get(key)!.shape);
      expect(await readTensor(saved, savedName(key))).toEqual(await readTensor(source, key));
    }
    await Promise.all([saved.close(), source.close()]);
  },
);

test('parameters that are stored as rows of one tensor are joined again', async () => {
  const specs: ParameterSpec[] = [
    { kind: 'matrix', path: 'query.weight', shape: [2, 3] },
    { kind: 'matrix', path: 'key.weight', shape: [1, 3] },
    { kind: 'vector', path: 'query.bias', shape: [2] },
    { kind: 'vector', path: 'key.bias', shape: [1] },
  ];
  const slice = (firstRow: number) => ({ firstRow, numRows: 3 });
  const naming: Naming = {
    names: { 'query.weight': 'w', 'key.weight': 'w', 'query.bias': 'b', 'key.bias': 'b' },
    transposed: new Set(),
    slices: { 'query.weight': slice(0), 'key.weight': slice(2), 'query.bias': slice(0), 'key.bias': slice(2) },
    ignored: [],
  };
  const values: Readonly<Record<string, readonly number[]>> = {
    'query.weight': [1, 2, 3, 4, 5, 6],
    'key.weight': [7, 8, 9],
    'query.bias': [10, 11],
    'key.bias': [12],
  };
  const location = join(folder, 'slices.safetensors');
  const read = async (path: string) => Float32Array.from(values[path]!);
  await saveParameters(location, specs, naming, { dtype: 'float32', read });
  const saved = await openSafetensors(location);
  expect(matchParameters(specs, naming, saved)).toHaveLength(4);
  expect(new Float32Array((await readTensor(saved, 'w')).buffer)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  expect(new Float32Array((await readTensor(saved, 'b')).buffer)).toEqual(Float32Array.of(10, 11, 12));
  await saved.close();
});
