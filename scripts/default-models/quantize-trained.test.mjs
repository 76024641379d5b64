import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'kvasir-quantize-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pathOf = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (/** @type {string} */ name) => readFileSync(join(folder, 'stories-draft', name));
const config = () => JSON.parse(read('config.json').toString());

function run(script, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [pathOf(script), ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const train = (...args) => run('scripts/default-models/train.mjs', '--output', folder, '--threads', '1', ...args);

/** As a training leaves it, whatever is in models/. */
beforeAll(() => {
  const output = join(folder, 'stories-draft');
  expect(run('bin/kvasir.js', 'dequantize', 'stories-draft', '--dtype', 'float16', '-o', output).status).toBe(0);
  copyFileSync(pathOf('models/stories-draft/training.json'), join(output, 'training.json'));
});

describe('train:defaults --quantize --measure', () => {
  const argv = ['--only', 'stories-draft', '--quantize', 'int8', '--measure'];

  test('writes a model that is there as codes, and their SHA-256 into its training.json', () => {
    const before = read('model.safetensors');
    const record = JSON.parse(read('training.json').toString());
    const { status, stderr } = train(...argv);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/stories-draft: weights of int8\n$/),
    });
    expect(config().quantization_config).toMatchObject({ quant_method: 'gptq', bits: 8, group_size: 32 });
    const after = read('model.safetensors');
    expect(after.length).toBeLessThan(0.85 * before.length);
    const sha256 = createHash('sha256').update(after).digest('hex');
    expect(JSON.parse(read('training.json').toString())).toEqual({ ...record, sha256 });
  });

  test('refuses codes, which would be rounded twice', () => {
    const before = read('model.safetensors');
    const { status, stderr } = train(...argv);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('has weights of codes already') });
    expect(read('model.safetensors').equals(before)).toBe(true);
  });

  test.each([
    [['--quantize', 'int3'], '--quantize is int3, known: int8, int4, none'],
    [['--only', 'storys'], '--only has storys, known: stories, stories-draft, normal-forms'],
  ])('%j is refused', (args, message) => {
    expect(train('--measure', ...args)).toEqual({
      ...{ status: 1, stdout: '' },
      stderr: `Cannot train the default models: ${message}\n`,
    });
  });
});
