import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeSafetensors } from './encode-safetensors.ts';
import { openWeights } from './open-weights.ts';
import { readFloat32 } from './weight-source.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, content: Uint8Array | string) => writeFile(join(folder, name), content);
const one = (name: string, value: number) =>
  encodeSafetensors([{ name, dtype: 'float32', shape: [1], data: Float32Array.of(value) }]);
const putIndex = (weight_map: unknown) => put('model.safetensors.index.json', JSON.stringify({ weight_map }));

test('opens a file, and a folder with one', async () => {
  await put('model.safetensors', one('a', 1));
  for (const location of [folder, join(folder, 'model.safetensors')]) {
    const source = await openWeights(location);
    expect(await readFloat32(source, 'a')).toEqual(Float32Array.of(1));
    await source.close();
  }
});

test('opens a folder whose name ends like a file', async () => {
  const inner = join(folder, 'x.safetensors');
  await mkdir(inner);
  await writeFile(join(inner, 'model.safetensors'), one('a', 1));
  await (await openWeights(inner)).close();
});

test('opens shards as one source', async () => {
  await put('model-1.safetensors', one('a', 1));
  await put('model-2.safetensors', one('b', 2));
  await putIndex({ b: 'model-2.safetensors', a: 'model-1.safetensors' });
  const source = await openWeights(folder);
  expect(source.location).toBe(folder);
  expect(source.metadata).toEqual(new Map([['format', 'pt']]));
  expect(source.tensors.get('a')?.location).toBe(join(folder, 'model-1.safetensors'));
  expect(await readFloat32(source, 'a')).toEqual(Float32Array.of(1));
  expect(await readFloat32(source, 'b')).toEqual(Float32Array.of(2));
  await expect(source.read('c', new Uint8Array(1), 0)).rejects.toThrow(`Cannot find tensor "c" in ${folder}`);
  await source.close();
});

test('a whole file goes before shards', async () => {
  await put('model.safetensors', one('a', 1));
  await putIndex({ a: 'gone.safetensors' });
  await (await openWeights(folder)).close();
});

test('lists all missing shards at once', async () => {
  await put('model-1.safetensors', one('a', 1));
  await put('model-4.safetensors', 'short');
  await putIndex({
    a: 'model-1.safetensors',
    b: 'model-2.safetensors',
    c: 'model-3.safetensors',
    d: 'model-4.safetensors',
  });
  await expect(openWeights(folder)).rejects.toThrow(
    [
      `Cannot open 3 of 4 shards in ${folder}:`,
      `  Cannot open ${join(folder, 'model-2.safetensors')}: there is no such file`,
      `  Cannot open ${join(folder, 'model-3.safetensors')}: there is no such file`,
      `  Cannot read ${join(folder, 'model-4.safetensors')}: it has 5 bytes, wanted at least 8 of a safetensors file`,
    ].join('\n'),
  );
});

test('lists all tensors that are not in their shard at once, but not a thousand of them', async () => {
  await put('model-1.safetensors', one('a', 1));
  const names = Array.from({ length: 30 }, (_, i) => [`missing.${i}`, 'model-1.safetensors']);
  await putIndex(Object.fromEntries([['a', 'model-1.safetensors'], ...names]));
  const error: Error = await openWeights(folder).then(
    () => expect.fail('opened'),
    (error) => error,
  );
  const lines = error.message.split('\n');
  expect(lines[0]).toMatch(/model\.safetensors\.index\.json: 30 of its tensors are not where it says:$/);
  expect(lines[1]).toBe('  "missing.0" in model-1.safetensors');
  expect(lines.at(-1)).toBe('  … and 10 more');
  expect(lines).toHaveLength(22);
});

test.each([
  '../secret.safetensors',
  '/etc/passwd.safetensors',
  'a\\b.safetensors',
  'C:x.safetensors',
  'sub/x.safetensors',
  '',
  'model.bin',
  7,
  null,
  ['x.safetensors'],
])('refuses a shard called %j', async (file) => {
  await putIndex({ a: file });
  await expect(openWeights(folder)).rejects.toThrow(
    `tensor "a" lies in ${JSON.stringify(file)}, wanted the name of a .safetensors file in the same folder`,
  );
});

test.each(['', '[]', 'null', '{"weight_map":[]}', '{"weight_map":null}', '{}'])(
  'refuses the index %j',
  async (text) => {
    await put('model.safetensors.index.json', text);
    await expect(openWeights(folder)).rejects.toThrow(SyntaxError);
  },
);

test('says what a folder lacks', async () => {
  await expect(openWeights(folder)).rejects.toThrow(
    `Cannot open the weights in ${folder}: it has neither model.safetensors nor model.safetensors.index.json`,
  );
});

test('an aborted signal stops opening shards, with its reason', async () => {
  await put('model-1.safetensors', one('a', 1));
  await putIndex({ a: 'model-1.safetensors' });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(openWeights(folder, { signal })).rejects.toThrow('enough');
});
