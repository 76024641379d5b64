import { describe, expect, test } from 'vitest';
import { relativeError } from '../../test/goldens.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { onBackend } from '../../test/test-backends.ts';
import type { Backend } from '../backend/backend.ts';
import type { WeightDType } from '../backend/dtype.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel, loadModelFrom, parseModelConfig } from '../models/load-model.ts';
import { randomWeights } from '../models/random-weights.ts';
import { saveModel } from '../models/save-model.ts';
import { QUANTIZATIONS, type QuantizationScheme } from '../quantized/quantization-scheme.ts';
import { dequantize } from '../quantized/quantized-matrix.ts';
import { quantizeModel } from './quantize-model.ts';
import type { QuantizeOptions, QuantizeProgress } from './quantize-options.ts';
import { saveQuantizedModel } from './save-quantized-model.ts';

const files = temporaryFolder();
const INT4: QuantizationScheme = { ...QUANTIZATIONS.int4, scaleDType: 'float16' };
const INT8: QuantizationScheme = { ...QUANTIZATIONS.int8, scaleDType: 'float16' };
const IDS = [1, 5, 9, 2, 7, 3, 11, 20, 4];
const CALIBRATION = Array.from({ length: 12 }, (_, n) =>
  Array.from({ length: 30 }, (_, i) => (7 * i * i + 13 * n + i) % 200),
);

const LLAMA = {
  ...{ model_type: 'llama', vocab_size: 200, hidden_size: 48, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ num_key_value_heads: 4, intermediate_size: 80, max_position_embeddings: 64, bos_token_id: 0, eos_token_id: 0 },
};
/** Sizes that fill words, unlike those of the goldens: heads with their own values, with shared ones, and a fused projection. */
const CONFIGS = {
  llama: LLAMA,
  qwen2: { ...LLAMA, model_type: 'qwen2', num_key_value_heads: 2 },
  gpt2: {
    model_type: 'gpt2',
    vocab_size: 200,
    n_embd: 40,
    n_layer: 2,
    n_head: 4,
    n_positions: 64,
    bos_token_id: 0,
    eos_token_id: 0,
  },
};
type Name = keyof typeof CONFIGS;

function load(backend: Backend, name: Name, dtype: WeightDType = 'float32'): Promise<CausalLM> {
  const description = parseModelConfig('config.json', JSON.stringify(CONFIGS[name]));
  return loadModelFrom(backend, description, randomWeights(description, 5), { dtype });
}

async function logitsOf(model: CausalLM, ids: readonly number[] = IDS): Promise<Float32Array> {
  const { logits, pastKeyValues } = await model.forward({ inputIds: ids });
  pastKeyValues.dispose();
  return Float32Array.from(logits.data);
}

describe.each(Object.keys(CONFIGS) as Name[])('%s', (name) => {
  test.each<Partial<QuantizeOptions>>([
    { method: 'nearest' },
    { method: 'gptq', scheme: { ...INT4, isSymmetric: false } },
    { method: 'awq', scheme: INT8, overrides: { 'layers.0.mlp.*': INT4, 'layers.1.attention.output': 'keep' } },
  ])('quantised with %j and saved is loaded to the same bits', (options) =>
    onBackend(async (backend) => {
      const model = await load(backend, name);
      const matrices = await quantizeModel(model, {
        scheme: INT4,
        method: 'nearest',
        calibration: CALIBRATION,
        ...options,
      });
      const folder = files.path(`${name}-${options.method}`);
      const baseFolder = files.path('base');
      await saveModel(await load(backend, name), baseFolder);
      await saveQuantizedModel(model, matrices, folder, { dtype: 'float32', baseFolder });
      const loaded = await loadModel(backend, folder);
      const originals = new Map(model.parameters.entries);
      for (const [path, weight] of loaded.parameters.entries) {
        const matrix = matrices.get(path);
        const values = matrix === undefined ? await originals.get(path)!.read() : dequantize(matrix);
        expect(await weight.read()).toEqual(values);
        if (matrix !== undefined) expect('format' in weight && weight.format).toEqual(matrix.scheme);
      }
      const widened = await loadModel(backend, folder, { dtype: 'float32' });
      expect(await logitsOf(widened)).toEqual(await logitsOf(model));
      expect(relativeError(await logitsOf(loaded), await logitsOf(model))).toBeLessThan(0.05);
    }),
  );
});

test('AWQ changes what it folds scales into, and nothing of what the model computes', () =>
  onBackend(async (backend) => {
    for (const name of Object.keys(CONFIGS) as Name[]) {
      const model = await load(backend, name);
      const before = await logitsOf(model);
      const norm = model.parameters.vector('layers.0.attentionNorm.weight');
      const original = await norm.read();
      // With 8 bits rounding is small, whatever the scales.
      await quantizeModel(model, { scheme: INT8, method: 'awq', calibration: CALIBRATION });
      expect(await norm.read()).not.toEqual(original);
      expect(relativeError(await logitsOf(model), before)).toBeLessThan(0.02);
    }
  }));

test('GPTQ keeps the output closer than rounding to nearest', () =>
  onBackend(async (backend) => {
    const original = await load(backend, 'llama');
    const errors = new Map<string, number>();
    for (const method of ['nearest', 'gptq'] as const) {
      const model = await load(backend, 'llama');
      await quantizeModel(model, { scheme: INT4, method, calibration: CALIBRATION });
      const each = await Promise.all(
        CALIBRATION.map(async (ids) => relativeError(await logitsOf(model, ids), await logitsOf(original, ids))),
      );
      errors.set(
        method,
        each.reduce((sum, error) => sum + error, 0),
      );
    }
    expect(errors.get('gptq')).toBeLessThan(0.9 * errors.get('nearest')!);
  }));

describe('quantizeModel', () => {
  test('reports every matrix, keeps embeddings, and takes them where a pattern names them', () =>
    onBackend(async (backend) => {
      const model = await load(backend, 'llama');
      const seen: QuantizeProgress[] = [];
      const overrides = { tokenEmbedding: INT8, 'layers.1.*': 'keep' } as const;
      const matrices = await quantizeModel(model, {
        scheme: INT4,
        method: 'search',
        overrides,
        onProgress: (progress) => seen.push(progress),
      });
      const paths = [...matrices.keys()];
      expect(paths).toContain('tokenEmbedding.weight');
      expect(paths.some((path) => path.startsWith('layers.1.'))).toBe(false);
      expect(seen.map(({ file }) => `${file}.weight`)).toEqual(paths);
      expect(seen.at(-1)!.loaded).toBe(seen.at(-1)!.total);
    }));

  test('stops where the signal aborts', () =>
    onBackend(async (backend) => {
      const model = await load(backend, 'llama');
      const controller = new AbortController();
      const onProgress = () => controller.abort(new Error('enough'));
      const options = {
        scheme: INT4,
        method: 'gptq',
        calibration: CALIBRATION,
        signal: controller.signal,
        onProgress,
      } as const;
      const before = backend.memoryUsage().allocatedBytes;
      await expect(quantizeModel(model, options)).rejects.toThrow('enough');
      expect(backend.memoryUsage().allocatedBytes).toBe(before);
    }));

  test.each<[Partial<QuantizeOptions>, string]>([
    [{ method: 'magic' as never }, 'method is "magic", known: nearest, search, gptq, awq'],
    [{ method: 'gptq' }, 'gptq needs calibration texts'],
    [{ method: 'gptq', calibration: [] }, 'Cannot calibrate: the texts have no tokens'],
    [{ method: 'gptq', calibration: [[1, 9999]] }, 'Cannot calibrate: token id 9999'],
    [{ overrides: { 'layers.9.*': 'keep' } }, 'the pattern "layers.9.*" fits no matrix'],
    [{ overrides: { '*': 'keep' } }, 'every matrix is kept as it is'],
    [{ scheme: { ...INT4, groupSize: 31 } }, 'groups of 31 columns'],
    [{ damping: -1 }, 'damping is -1'],
    [{ schemes: 1 } as object, 'unknown option "schemes", did you mean "scheme"?'],
  ])('refuses %j', (options, message) =>
    onBackend(async (backend) => {
      const model = await load(backend, 'llama');
      const asked = { scheme: INT4, method: 'nearest', ...options } as QuantizeOptions;
      await expect(quantizeModel(model, asked)).rejects.toThrow(message);
    }),
  );

  test('refuses a model that is not float32, and scales that GPTQ files do not have', () =>
    onBackend(async (backend) => {
      const narrow = await load(backend, 'llama', 'float16');
      await expect(quantizeModel(narrow, { scheme: INT4, method: 'nearest' })).rejects.toThrow(
        'it is float16; load the model',
      );
      const model = await load(backend, 'llama');
      const matrices = await quantizeModel(model, { scheme: QUANTIZATIONS.int4, method: 'nearest' });
      await expect(saveQuantizedModel(model, matrices, files.path('no'))).rejects.toThrow(
        'its scales are bfloat16, wanted float16',
      );
    }));
});
