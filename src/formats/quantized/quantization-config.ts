import type { JsonFields } from '../../config/json-fields.ts';

/** What `quantization_config` of a config.json says of how codes are stored. */
export type QuantizationConfig =
  /** `zeroOffset`: what was subtracted from zero points: 1 in the first version of the layout. */
  | { readonly method: 'gptq'; readonly bits: 8 | 4; readonly zeroOffset: 0 | 1; readonly location: string }
  | { readonly method: 'awq'; readonly bits: 4; readonly groupSize: number | 'row'; readonly location: string };

/**
 * Reads `quantization_config`; undefined if there is none. Throws a `RangeError` for methods, bits and layouts that cannot be read,
 * which says what can.
 */
export function parseQuantizationConfig(fields: JsonFields): QuantizationConfig | undefined {
  const config = fields.object('quantization_config');
  if (config === undefined) return undefined;
  const { location } = config;
  const method = config.oneOf('quant_method', ['gptq', 'awq']);
  if (method === 'gptq') {
    config.requireSupported('bits', [4, 8]);
    const format = config.oneOf('checkpoint_format', ['gptq', 'gptq_v2'], 'gptq');
    const bits = config.count('bits') as 8 | 4;
    return { method, bits, zeroOffset: format === 'gptq' ? 1 : 0, location };
  }
  const bitsName = config.has('bits') ? 'bits' : 'w_bit';
  config.requireSupported(bitsName, [4]);
  config.count(bitsName);
  config.requireSupported('version', ['gemm', 'GEMM']);
  const size = config.value('group_size') ?? config.value('q_group_size');
  if (size === -1) return { method, bits: 4, groupSize: 'row', location };
  return {
    method,
    bits: 4,
    groupSize: config.count(config.has('group_size') ? 'group_size' : 'q_group_size'),
    location,
  };
}
