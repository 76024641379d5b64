import { describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { adapterScale, formatAdapterConfig, parseAdapterConfig } from './adapter-config.ts';

const PEFT = readGoldenJson<Readonly<Record<string, unknown>>>('lora', 'llama-gqa', 'adapter_config.json');
const parse = (changes: Readonly<Record<string, unknown>>) =>
  parseAdapterConfig('adapter_config.json', JSON.stringify({ ...PEFT, ...changes }));

test('reads what PEFT writes', () => {
  expect(parse({})).toEqual({
    ...{ rank: 4, alpha: 8, dropout: 0, isRankStabilized: false },
    ...{ targets: ['q_proj', 'v_proj'], task: 'CAUSAL_LM', baseModel: 'llama-gqa' },
  });
});

test('says what models it is of, as far as the file does', () => {
  expect(parse({ task_type: 'SEQ_2_SEQ_LM' }).task).toBe('SEQ_2_SEQ_LM');
  expect(parse({ task_type: null }).task).toBeUndefined();
  expect(JSON.parse(formatAdapterConfig(parse({ task_type: null }), false))).toMatchObject({ task_type: null });
});

test('what is written is read again', () => {
  const config = parse({ r: 3, lora_alpha: 7.5, lora_dropout: 0.1, use_rslora: true, target_modules: 'all-linear' });
  expect(parseAdapterConfig('here', formatAdapterConfig(config, true))).toEqual(config);
  expect(JSON.parse(formatAdapterConfig(config, true))).toMatchObject({ fan_in_fan_out: true, bias: 'none' });
});

test('the scale is alpha / r, or alpha / √r where it is rank-stabilized', () => {
  expect(adapterScale(parse({ r: 16, lora_alpha: 8 }))).toBe(0.5);
  expect(adapterScale(parse({ r: 16, lora_alpha: 8, use_rslora: true }))).toBe(2);
});

describe('refuses, by name', () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ peft_type: 'IA3' }, '"peft_type" is "IA3", wanted one of "LORA"'],
    [{ task_type: 'SEQ_CLS' }, '"task_type" is "SEQ_CLS", supported: "CAUSAL_LM", "SEQ_2_SEQ_LM"'],
    [{ bias: 'lora_only' }, '"bias" is "lora_only", supported: "none"'],
    [{ use_dora: true }, '"use_dora" is true, supported: null'],
    [{ lora_bias: true }, '"lora_bias" is true'],
    [{ modules_to_save: ['lm_head'] }, '"modules_to_save" is ["lm_head"]'],
    [{ rank_pattern: { q_proj: 8 } }, '"rank_pattern" is {"q_proj":8}'],
    [{ alpha_pattern: { q_proj: 8 } }, '"alpha_pattern" is {"q_proj":8}'],
    [{ layers_to_transform: 1 }, '"layers_to_transform" is 1'],
    [{ exclude_modules: 'v_proj' }, '"exclude_modules" is "v_proj"'],
    [{ init_lora_weights: 'pissa' }, '"init_lora_weights" is "pissa"'],
    [{ some_day: 'something' }, '"some_day" is "something"'],
    [{ r: 0 }, '"r" is 0, wanted a whole number of at least 1'],
    [{ lora_alpha: -1 }, '"lora_alpha" is -1, wanted a number above 0'],
    [{ lora_dropout: 1 }, '"lora_dropout" is 1, wanted a number from 0 to below 1'],
    [{ target_modules: null }, '"target_modules" is missing'],
    [{ target_modules: [] }, '"target_modules" is [], wanted a string'],
    [{ target_modules: ['q_proj', 3] }, '"target_modules" is ["q_proj",3], wanted a string'],
  ])('%o', (changes, message) => {
    expect(() => parse(changes)).toThrow(RangeError);
    expect(() => parse(changes)).toThrow(`Cannot read adapter_config.json: ${message}`);
  });

  test('what is no JSON', () => {
    expect(() => parseAdapterConfig(goldenPath('x'), '{')).toThrow(SyntaxError);
  });
});
