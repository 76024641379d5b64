import { describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { describeModel } from '../models/load-model.ts';
import type { AdapterTargets } from './adapter-config.ts';
import { lastNames, targetedLayers } from './targeted-layers.ts';

const named = async (model: string, targets: AdapterTargets) => {
  const description = await describeModel(goldenPath('models', model));
  return targetedLayers(description, targets, 'do it').map(({ module }) => module);
};

test('a list names whole modules or the ends of their names', async () => {
  expect(await named('llama-gqa', ['q_proj', 'layers.1.mlp.up_proj'])).toEqual([
    'model.layers.0.self_attn.q_proj',
    'model.layers.1.self_attn.q_proj',
    'model.layers.1.mlp.up_proj',
  ]);
  expect(await named('gpt2', ['h.0.attn.c_proj'])).toEqual(['transformer.h.0.attn.c_proj']);
});

test('a regular expression matches whole names', async () => {
  expect(await named('llama-gqa', String.raw`model\.layers\.\d+\.self_attn\.(k|o)_proj`)).toEqual([
    'model.layers.0.self_attn.k_proj',
    'model.layers.0.self_attn.o_proj',
    'model.layers.1.self_attn.k_proj',
    'model.layers.1.self_attn.o_proj',
  ]);
  await expect(named('llama-gqa', 'q_proj')).rejects.toThrow('name no linear layer');
});

test('all-linear is every linear layer of the blocks, not the embedding and the head', async () => {
  const description = await describeModel(goldenPath('models', 'llama-gqa'));
  const layers = targetedLayers(description, 'all-linear', 'do it');
  expect(layers).toHaveLength(7 * description.config.numLayers);
  expect(lastNames(layers)).toEqual([...['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']]);
  expect(await named('gpt2', 'all-linear')).toContain('transformer.h.0.attn.c_attn');
});

describe('refuses', () => {
  test.each<[AdapterTargets, string]>([
    [['c_attn'], 'the target modules ["c_attn"] name no linear layer of the model; it has q_proj, k_proj, v_proj'],
    [['embed_tokens', 'lm_head'], 'name no linear layer'],
    ['(.*)*proj', 'which repeats a group; that may take for ever'],
    ['(a|b)+', 'which repeats a group'],
    ['.*.*.*.*.*.*.*x', 'which repeats 7 things, wanted at most 6'],
    ['(?P<name>q)_proj', 'which JavaScript does not read'],
    [`${'a'.repeat(1001)}`, 'which has 1001 characters, wanted at most 1000'],
  ])('%s', async (targets, message) => {
    await expect(named('llama-gqa', targets)).rejects.toThrow(RangeError);
    await expect(named('llama-gqa', targets)).rejects.toThrow(message);
  });
});
