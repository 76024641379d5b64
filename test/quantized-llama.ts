import { createReferenceBackend } from '../src/backends/reference/reference-backend.ts';
import { transposed } from '../src/base/transposed.ts';
import { encodeSafetensors } from '../src/formats/encode-safetensors.ts';
import { gptqTensors } from '../src/formats/quantized/gptq-tensors.ts';
import { INTERLEAVED, packRows } from '../src/formats/quantized/packed-codes.ts';
import { roundValues } from '../src/formats/round-values.ts';
import type { TensorToWrite } from '../src/formats/write-safetensors.ts';
import { decoderOnlyParameters } from '../src/models/decoder-only-parameters.ts';
import { loadModelFrom, parseModelConfig } from '../src/models/load-model.ts';
import { storedName } from '../src/models/parameter-spec.ts';
import { randomWeights } from '../src/models/random-weights.ts';
import { quantizeModel } from '../src/quantization/quantize-model.ts';
import { QUANTIZATIONS } from '../src/quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../src/quantized/quantized-matrix.ts';

const CONFIG = {
  model_type: 'llama',
  vocab_size: 50,
  hidden_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 96,
  max_position_embeddings: 64,
};
const SETTINGS = {
  gptq: { quant_method: 'gptq', bits: 4, group_size: 32, desc_act: false, sym: false, checkpoint_format: 'gptq' },
  awq: { quant_method: 'awq', bits: 4, group_size: 32, zero_point: true, version: 'gemm' },
};

/** The files of a tiny llama of 4 bits with zero points, in the layout of GPTQ or AWQ; embeddings and norms are float16. */
export async function quantizedLlama(method: keyof typeof SETTINGS, changes: object = {}) {
  const config = JSON.stringify({ ...CONFIG, ...changes, quantization_config: SETTINGS[method] });
  const description = parseModelConfig('config.json', config);
  const model = await loadModelFrom(createReferenceBackend(), description, randomWeights(description, 0));
  const scheme = { ...QUANTIZATIONS['int4-zero-point'], scaleDType: 'float16' } as const;
  const matrices = await quantizeModel(model, { scheme, method: 'nearest' });
  const parameters = new Map(model.parameters.entries);
  const tensors: TensorToWrite[] = [];
  for (const { path, shape } of decoderOnlyParameters(model.config)) {
    const { name } = storedName(path, description.naming);
    const matrix = matrices.get(path);
    const values = await parameters.get(path)!.read();
    if (matrix === undefined)
      tensors.push({ name, dtype: 'float16', shape, data: async () => roundValues(values as Float32Array, 'float16') });
    else tensors.push(...LAYOUTS[method](name.replace(/\.weight$/, ''), matrix));
  }
  const encoded = tensors.map(async ({ data, ...tensor }) => ({ ...tensor, data: await data() }));
  return { config, weights: encodeSafetensors(await Promise.all(encoded)) };
}

const LAYOUTS = { gptq: gptqTensors, awq: awqTensors };

/** `qweight` (inputs, outputs / 8), `qzeros` (groups, outputs / 8), `scales` (groups, outputs). */
function awqTensors(layer: string, { rows, columns, codes, scales, minima }: QuantizedMatrix): TensorToWrite[] {
  const numGroups = scales.length / rows;
  const zeros = minima!.map((minimum, i) => (scales[i] === 0 ? 0 : Math.round(-minimum / scales[i]!)));
  const pack = (values: Int8Array | Float32Array, width: number) =>
    packRows(transposed(Uint8Array.from(values), width), INTERLEAVED);
  const words = (part: string, height: number, data: Int32Array) => ({
    ...{ name: `${layer}.${part}`, dtype: 'int32' as const, shape: [height, rows / 8] },
    data: async () => data,
  });
  const rounded = roundValues(transposed(scales, numGroups), 'float16');
  return [
    words('qweight', columns, pack(codes, columns)),
    words('qzeros', numGroups, pack(zeros, numGroups)),
    { name: `${layer}.scales`, dtype: 'float16', shape: [numGroups, rows], data: async () => rounded },
  ];
}
