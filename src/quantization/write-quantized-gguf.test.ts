import { expect, test } from 'vitest';
import { relativeError } from '../../test/goldens.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { openGguf } from '../formats/gguf/open-gguf.ts';
import { loadModel, loadModelFrom, parseModelConfig } from '../models/load-model.ts';
import { randomWeights } from '../models/random-weights.ts';
import { QUANTIZATIONS } from '../quantized/quantization-scheme.ts';
import { dequantize } from '../quantized/quantized-matrix.ts';
import { quantizeModel } from './quantize-model.ts';
import { writeQuantizedGguf } from './write-quantized-gguf.ts';

const files = temporaryFolder();
const CONFIG = {
  ...{ model_type: 'llama', vocab_size: 96, hidden_size: 64, num_hidden_layers: 1, num_attention_heads: 4 },
  ...{ num_key_value_heads: 2, intermediate_size: 48, max_position_embeddings: 64 },
};

const load = () => {
  const description = parseModelConfig('config.json', JSON.stringify(CONFIG));
  return loadModelFrom(createReferenceBackend(), description, randomWeights(description, 1));
};

test.each([
  ['int8', 'q8_0'],
  ['int4', 'q4_0'],
  ['int4-zero-point', 'q4_1'],
] as const)('matrices of %s are blocks of %s, of which the model is loaded to the same bits', async (name, type) => {
  const model = await load();
  const scheme = { ...QUANTIZATIONS[name], scaleDType: 'float16' } as const;
  const matrices = await quantizeModel(model, { scheme, method: 'search' });
  const location = files.path('model.gguf');
  await writeQuantizedGguf(model, matrices, location, { dtype: 'q8_0' });
  const file = await openGguf(location);
  await file.close();
  expect(file.tensors.get('blk.0.attn_q.weight')!.dtype).toBe(type);
  expect(file.tensors.get('blk.0.ffn_down.weight')!.dtype).toBe('float16'); // rows of 48 are no whole blocks
  expect(file.tensors.get('token_embd.weight')!.dtype).toBe('q8_0');
  const loaded = await loadModel(createReferenceBackend(), location);
  for (const [path, matrix] of matrices) {
    const weight = loaded.parameters.weight(path);
    const values = await weight.read();
    if (path.includes('down')) continue;
    expect(weight.format).toEqual(scheme);
    // The minima of Q4_1 are rounded to float16.
    if (type === 'q4_1') expect(relativeError(values, dequantize(matrix))).toBeLessThan(1e-3);
    else expect(values).toEqual(dequantize(matrix));
  }
});

test('schemes without blocks are refused', async () => {
  const model = await load();
  const scheme = { ...QUANTIZATIONS['int4-128'], scaleDType: 'float16' } as const;
  const matrices = await quantizeModel(model, { scheme, method: 'nearest' });
  await expect(writeQuantizedGguf(model, matrices, files.path('m.gguf'))).rejects.toThrow(
    'as GGUF: it is int4, groups of 128, float16 scales; wanted groups of 32 and float16 scales',
  );
});
