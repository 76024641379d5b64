import { afterAll, describe, expect, test } from 'vitest';
import { batchOfSequences } from '../../test/batch-of-sequences.ts';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { createTokenDataset } from '../data/memory-dataset.ts';
import { windowBatches } from '../data/window-batches.ts';
import { loadModel } from '../models/load-model.ts';
import { evaluateLoss } from './evaluate-loss.ts';

interface Golden {
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly loss: number;
  readonly perplexity: number;
}

const golden = readGoldenJson<Golden>('gradients', 'gpt2', 'golden.json');
const sequences = golden.batches[0]!;
const load = (backend = createReferenceBackend()) =>
  loadModel(backend, goldenPath('models', 'gpt2'), { dtype: 'float32' });

describe.each(Object.keys(testBackends))('%s backend', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test('evaluateLoss gives the loss and the perplexity that PyTorch gives, however the data are cut into batches', async () => {
    const model = await load(await opened);
    for (const batches of [[sequences], sequences.map((ids) => [ids])]) {
      const data = { batchesPerEpoch: batches.length, batch: async (n: number) => batchOfSequences(batches[n]!) };
      const report = await evaluateLoss(model, data, { numBytes: 100 });
      expect(report.loss).toBeCloseTo(golden.loss, 5);
      expect(report.perplexity / golden.perplexity).toBeCloseTo(1, 5);
      const numTokens = sequences.flat().length - sequences.length;
      expect(report.numTokens).toBe(numTokens);
      expect(report.bitsPerByte).toBeCloseTo((golden.loss * numTokens) / Math.LN2 / 100, 5);
    }
    model.dispose();
  });
});

test('evaluateLoss weighs tokens, and does not count those without weight', async () => {
  const model = await load();
  const whole = batchOfSequences(sequences);
  const half = { ...whole, lossWeights: whole.lossWeights.map((_, t) => (t < 5 ? 0.5 : 0)) };
  const part = await evaluateLoss(model, { batchesPerEpoch: 1, batch: async () => half });
  const first = batchOfSequences([sequences[0]!.slice(0, 6)]);
  const alone = await evaluateLoss(model, { batchesPerEpoch: 1, batch: async () => first });
  expect(part).toEqual({ ...alone, bitsPerByte: undefined });
});

test('evaluateLoss takes a loader in stored order, and a part of it', async () => {
  const model = await load();
  const dataset = await createTokenDataset({ vocabSize: 307, documents: [{ tokenIds: sequences[0]! }] });
  const loader = windowBatches(dataset, { order: 'stored', contextLength: 4, batchSize: 1 });
  expect((await evaluateLoss(model, loader)).numTokens).toBe(sequences[0]!.length - 1);
  expect((await evaluateLoss(model, loader, { numBatches: 2 })).numTokens).toBe(8);
});

test('evaluateLoss refuses data that cannot be evaluated, and stops when it is aborted', async () => {
  const model = await load();
  const batch = batchOfSequences(sequences);
  const evaluate = (changes: object) =>
    evaluateLoss(model, { batchesPerEpoch: 1, batch: async () => ({ ...batch, ...changes }) });
  await expect(evaluateLoss(model, { batch: async () => batch })).rejects.toThrow(
    'Cannot evaluate: the data come without end; give numBatches, or data in stored order',
  );
  await expect(evaluate({ lossWeights: batch.lossWeights.map(() => 0) })).rejects.toThrow(
    'Cannot evaluate: the data have no token to predict',
  );
  await expect(evaluate({ targetIds: batch.targetIds.map(() => 307) })).rejects.toThrow(
    'Cannot use a training batch: token id 307, wanted 0 to 306',
  );
  await expect(evaluate({ tokenIds: new Int32Array() })).rejects.toThrow('it has no tokens');
  await expect(evaluate({ positions: new Int32Array(3) })).rejects.toThrow('3 positions for 28 tokens');
  await expect(evaluate({ positions: batch.positions.map((p) => p + 60) })).rejects.toThrow(
    'position 72, but the model takes 72',
  );
  await expect(evaluate({ lossWeights: batch.lossWeights.map(() => -1) })).rejects.toThrow('a loss weight of -1');
  await expect(evaluate({ spans: [{ start: 0, length: 18 }] })).rejects.toThrow(
    'spans of 18 tokens in all, but it has 28',
  );
  await expect(evaluate({ spans: [{ start: 1, length: 27 }] })).rejects.toThrow('a span of 27 tokens from 1 on');
  await expect(evaluate({ source: batch })).rejects.toThrow('it has sources');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(evaluateLoss(model, { batchesPerEpoch: 1, batch: async () => batch }, { signal })).rejects.toThrow(
    'enough',
  );
});
