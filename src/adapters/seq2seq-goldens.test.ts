import { afterAll, describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { pairsBatch, type TokenPair } from '../../test/pairs-batch.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import { expectEncoder } from '../models/language-model.ts';
import { loadEncoderDecoder } from '../models/load-encoder-decoder.ts';
import { createLoraTarget } from '../training/lora-target.ts';
import { addGradients } from '../training/training-step.ts';
import { adapterTensors } from './adapter-tensors.ts';
import { loadMergedModel } from './load-merged-model.ts';
import { type LoraAdapter, loadAdapter } from './lora-adapter.ts';

interface Golden extends TokenPair {
  readonly model: string;
  readonly pairs: readonly TokenPair[];
  readonly loss: number;
}

const goldenOf = (name: string) => readGoldenJson<Golden>('lora-seq2seq', name, 'golden.json');
const modelOf = ({ model }: Golden) => goldenPath('encoder-decoder', model);

/** The logits of every token of the golden's target. */
async function logitsOf(model: EncoderDecoderLM, { sourceIds, targetIds }: Golden, adapter?: LoraAdapter) {
  const cache = model.createCache(64);
  const source = cache.createSequence();
  model.encode(cache, [{ sequence: source, tokenIds: sourceIds, adapter }]);
  const entry = { sequence: cache.createSequence(), source, tokenIds: targetIds, adapter };
  const logits = await model.step(cache, [entry], { logits: 'all' });
  cache.dispose();
  return logits;
}

describe.each(Object.keys(testBackends))(
  '%s backend: adapters of models with an encoder against PEFT',
  (backendName) => {
    const opened = testBackends[backendName]!();
    afterAll(async () => (await opened).dispose());

    test.each(goldenNames('lora-seq2seq'))('%s: logits with the adapter beside the model, and merged', async (name) => {
      const backend = await opened;
      const golden = goldenOf(name);
      const wanted = (await readGoldenTensors('lora-seq2seq', name, 'golden.safetensors')).get('logits')!;
      const before = backend.memoryUsage().allocatedBytes;
      const model = await loadEncoderDecoder(backend, modelOf(golden));
      const alone = await logitsOf(model, golden);
      const adapter = await loadAdapter(model, goldenPath('lora-seq2seq', name));
      expect(adapter.targeted.some(({ path }) => path.startsWith('decoder.layers.0.crossAttention.'))).toBe(true);
      expect(relativeError(alone, wanted)).toBeGreaterThan(0.1);
      expect(relativeError(await logitsOf(model, golden, adapter), wanted)).toBeLessThan(1e-5);
      adapter.release();
      model.dispose();
      const mergeAdapter = goldenPath('lora-seq2seq', name);
      const merged = expectEncoder(await loadMergedModel(backend, modelOf(golden), { mergeAdapter }), 'compare logits');
      expect(relativeError(await logitsOf(merged, golden), wanted)).toBeLessThan(1e-5);
      merged.dispose();
      expect(backend.memoryUsage().allocatedBytes).toBe(before);
    });

    test.each(goldenNames('lora-seq2seq'))('%s: loss and the gradients of A and B, also recomputed', async (name) => {
      const backend = await opened;
      const golden = goldenOf(name);
      const wanted = await readGoldenTensors('lora-seq2seq', name, 'gradients.safetensors');
      const model = await loadEncoderDecoder(backend, modelOf(golden));
      const adapter = await loadAdapter(model, goldenPath('lora-seq2seq', name));
      const target = await createLoraTarget(model, adapter);
      const batch = pairsBatch(golden.pairs);
      target.checkBatch(batch);
      const weight = batch.tokenIds.length;
      for (const recompute of [false, true]) {
        target.trained.clearGradients();
        const options = { smoothing: 0, zLoss: 0, recompute, weight };
        const losses = (await addGradients(target, batch, { ...options, use: (it) => it.read() })) as Float32Array;
        expect(losses.reduce((sum, loss) => sum + loss, 0) / weight).toBeCloseTo(golden.loss, 5);
        const errors: Record<string, number> = {};
        for (const { name: key, path } of adapterTensors(adapter.targeted, adapter.config.rank)) {
          const { gradient } = target.trained.list.find((parameter) => parameter.path === path)!;
          errors[key] = relativeError((await gradient.read()) as Float32Array, wanted.get(key)!);
        }
        expect(Object.keys(errors).sort()).toEqual([...wanted.keys()].sort());
        expect(Math.max(...Object.values(errors)), JSON.stringify(errors)).toBeLessThan(1e-4);
      }
      target.trained.release();
      adapter.release();
      model.dispose();
    });

    test('an adapter of a model of the other kind is refused', async () => {
      const model = await loadEncoderDecoder(await opened, goldenPath('encoder-decoder', 'bart'));
      await expect(loadAdapter(model, goldenPath('lora', 'llama-gqa'))).rejects.toThrow(
        "its task_type is CAUSAL_LM, but the model's would be SEQ_2_SEQ_LM",
      );
      model.dispose();
    });
  },
);
