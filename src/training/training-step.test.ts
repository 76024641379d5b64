import { afterAll, describe, expect, test } from 'vitest';
import { batchOfSequences } from '../../test/batch-of-sequences.ts';
import { goldenNames, goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { describeModel, loadModel } from '../models/load-model.ts';
import { storedName } from '../models/parameter-spec.ts';
import { createCausalLMTarget } from './causal-lm-target.ts';
import { createOptimizer } from './create-optimizer.ts';
import type { OptimizerSettings } from './optimizer.ts';
import { makeStep, type StepSettings } from './training-step.ts';

interface Steps {
  readonly learningRate: number;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly parameterNorms: Readonly<Record<string, number>>;
}

interface Golden {
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly maxGradientNorm: number;
  readonly adamw: Steps & {
    readonly betas: readonly [number, number];
    readonly epsilon: number;
    readonly weightDecay: number;
  };
  readonly sgd?: Steps & { readonly momentum: number };
}

const TOLERANCE = 1e-4;

describe.each(Object.keys(testBackends))('%s backend: ten steps against PyTorch', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(goldenNames('gradients'))('%s: losses, norms of gradients and of parameters', async (name) => {
    const { adamw } = readGoldenJson<Golden>('gradients', name, 'golden.json');
    const { betas, epsilon, weightDecay } = adamw;
    await expectSteps(name, adamw, { kind: 'adamw', beta1: betas[0], beta2: betas[1], epsilon, weightDecay });
  });

  test('gpt2 with SGD: losses, norms of gradients and of parameters', async () => {
    const sgd = readGoldenJson<Golden>('gradients', 'gpt2', 'golden.json').sgd!;
    await expectSteps('gpt2', sgd, { kind: 'sgd', momentum: sgd.momentum, weightDecay: 0 });
  });

  async function expectSteps(name: string, wanted: Steps, optimizerSettings: OptimizerSettings) {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('gradients', name, 'golden.json');
    const model = await loadModel(backend, goldenPath('models', name), { dtype: 'float32' });
    const target = await createCausalLMTarget(model, {});
    const optimizer = createOptimizer(target.trained, optimizerSettings);
    const settings: StepSettings = {
      seed: 0,
      learningRate: wanted.learningRate,
      schedule: { kind: 'constant', warmupSteps: 0 },
      optimizer: optimizerSettings,
      gradientAccumulation: 1,
      clipNorm: golden.maxGradientNorm,
      dropout: 0,
      labelSmoothing: 0,
      zLoss: 0,
    };
    const batches = golden.batches.map(batchOfSequences);
    for (const [step, loss] of wanted.losses.entries()) {
      const taken = backend.memoryUsage().allocatedBytes;
      const batch = batches[step % batches.length]!;
      const report = await makeStep(target, optimizer, [batch], { settings, recompute: step % 2 === 1, step });
      expect(Math.abs(report.loss / loss - 1), `loss of step ${step}`).toBeLessThan(TOLERANCE);
      const norm = wanted.gradientNorms[step]!;
      expect(Math.abs(report.gradientNorm / norm - 1), `gradient norm of step ${step}`).toBeLessThan(5 * TOLERANCE);
      if (step > 0) expect(backend.memoryUsage().allocatedBytes).toBe(taken); // scratch grows in the first
    }
    const { naming } = await describeModel(goldenPath('models', name));
    for (const { path, values } of target.trained.list) {
      const norm = Math.hypot(...((await values.read()) as Float32Array));
      const stored = storedName(path, naming).name;
      const key = Object.keys(wanted.parameterNorms).find((key) => key.endsWith(stored) || stored.endsWith(key))!;
      // No output depends on the bias of keys. Its gradient is rounding error, which AdamW makes steps of full length of.
      const tolerance = /\.(qkv|key)\.bias$/.test(path) ? 1e-2 : TOLERANCE;
      expect(Math.abs(norm / wanted.parameterNorms[key]! - 1), key).toBeLessThan(tolerance);
    }
    optimizer.release();
    target.trained.release();
    model.dispose();
  }
});
