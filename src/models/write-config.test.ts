import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { goldenNames, goldenPath } from '../../test/goldens.ts';
import { describeModel, parseModelConfig } from './load-model.ts';
import { modelPreset } from './presets.ts';
import { formatModelConfig, reformatModelConfig } from './write-config.ts';

describe('formatModelConfig', () => {
  test.each(goldenNames('models'))('%s: what is written is read as the same configuration', async (name) => {
    const { config } = await describeModel(goldenPath('models', name));
    const text = formatModelConfig(config, 'float32');
    const without = (read: typeof config) => ({ ...read, windows: read.windows.filter((one) => one !== undefined) });
    expect(without(parseModelConfig('config.json', text).config)).toEqual(without(config));
  });

  test('names the architecture and the dtype for Hugging Face Transformers', () => {
    const written = JSON.parse(formatModelConfig(modelPreset('gpt2').config, 'bfloat16')) as object;
    expect(written).toMatchObject({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], torch_dtype: 'bfloat16' });
  });

  test('refuses what the family cannot say', () => {
    expect(() => formatModelConfig(modelPreset('gpt3').config, 'float32')).toThrow(
      'Cannot write a configuration of type gpt2: windows.1 is 256, which its config.json cannot say',
    );
    expect(() => formatModelConfig({ ...modelPreset('gpt2').config, headSize: 32 }, 'float32')).toThrow(
      'Cannot write a configuration of type gpt2: headSize is 32, which its config.json cannot say',
    );
  });
});

describe('reformatModelConfig', () => {
  const text = readFileSync(goldenPath('models', 'gpt2', 'config.json'), 'utf8');
  const { config } = parseModelConfig('config.json', text);

  test('keeps every field but the dtype', () => {
    const written = JSON.parse(reformatModelConfig(text, config, 'float16')!) as object;
    expect(written).toEqual({ ...(JSON.parse(text) as object), dtype: 'float16' });
  });

  test('gives nothing for another configuration', () => {
    expect(reformatModelConfig(text, { ...config, numLayers: 1 }, 'float32')).toBeUndefined();
  });
});
