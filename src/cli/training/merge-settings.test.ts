import { expect, test } from 'vitest';
import { mergeSettings } from './merge-settings.ts';
import { RUN_PRESETS } from './run-presets.ts';
import type { GivenSettings } from './run-settings.ts';

const merge = (...layers: GivenSettings[]) =>
  mergeSettings(layers.map((settings, i) => ({ source: `layer ${i}`, settings })));

test('the last layer has the last word', () => {
  expect(merge({ maxSteps: 1, seed: 1 }, { maxSteps: 2 }, { dropout: 0.1 })).toEqual({
    maxSteps: 2,
    seed: 1,
    dropout: 0.1,
  });
});

test.each<[before: GivenSettings, after: GivenSettings]>([
  [{ maxSteps: 5 }, { epochs: 2 }],
  [{ epochs: 2 }, { maxSteps: 5 }],
  [{ validation: 0.1 }, { validationData: [{ path: 'a.txt' }] }],
  [{ tokenizerKind: 'bpe', vocabSize: 500 }, { tokenizer: './gpt2' }],
  [{ tokenizer: './gpt2' }, { vocabSize: 500 }],
  [{ numLayers: 2, architecture: 'gpt2', activation: 'gelu' }, { modelConfig: 'config.json' }],
  [{ tokenizerKind: 'bpe', vocabSize: 500 }, { tokenizerKind: 'char' }],
  [{ beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 }, { optimizer: 'sgd' }],
  [{ momentum: 0.9 }, { optimizer: 'adamw' }],
  [{ minRatio: 0.1 }, { schedule: 'constant' }],
  [{ evaluationBatches: 5, patience: 2 }, { validation: 0 }],
])('%j goes where %j comes', (before, after) => {
  expect(merge({ seed: 3, ...before }, after)).toEqual({ seed: 3, ...after });
});

test('one layer says a thing in one way', () => {
  expect(() => merge({ epochs: 1 }, { epochs: 1, maxSteps: 2 })).toThrow(
    'Cannot read layer 1: --epochs and --max-steps are both given, wanted one of them',
  );
  expect(() => merge({ tokenizer: 'a', tokenizerKind: 'char' })).toThrow(
    '--tokenizer and --tokenizer-kind are both given',
  );
});

test('the presets are those of nanoGPT', () => {
  expect(RUN_PRESETS['shakespeare-char-cpu']).toMatchObject({
    ...{ numLayers: 4, numHeads: 4, hiddenSize: 128, contextLength: 64, batchSize: 12, maxSteps: 2000, dropout: 0 },
    ...{ learningRate: 1e-3, minRatio: 0.1, beta1: 0.9, beta2: 0.99, weightDecay: 0.1, clipNorm: 1, validation: 0.1 },
  });
  expect(RUN_PRESETS['shakespeare-char']).toMatchObject({
    ...{ numLayers: 6, numHeads: 6, hiddenSize: 384, contextLength: 256, batchSize: 64, maxSteps: 5000, dropout: 0.2 },
  });
});
