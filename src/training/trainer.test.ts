import { afterAll, describe, expect, test } from 'vitest';
import { testBackends } from '../../test/test-backends.ts';
import { tinyData, tinyEvaluationData, tinyModel, weightsOf } from '../../test/tiny-training.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import type { TrainingBatch } from '../data/training-batch.ts';
import { scale } from '../ops/elementwise.ts';
import { createCausalLMTarget } from './causal-lm-target.ts';
import { evaluateLoss } from './evaluate-loss.ts';
import { train } from './train.ts';
import { Trainer } from './trainer.ts';
import type { TrainerOptions } from './trainer-options.ts';
import { TrainingDivergedError } from './training-diverged-error.ts';
import type { TrainingEvent } from './training-events.ts';
import type { TrainingTarget } from './training-target.ts';

const backend = createReferenceBackend();

/** Trains a tiny model; gives the result with all events. */
async function trainTiny(changes: Partial<TrainerOptions> = {}, listen: (event: TrainingEvent) => unknown = () => {}) {
  const model = changes.model ?? (await tinyModel(backend));
  const data = changes.data ?? (await tinyData());
  const length = changes.epochs === undefined ? { maxSteps: 5 } : {};
  const events: TrainingEvent[] = [];
  const result = await train({
    ...{ model, data, learningRate: 1e-2, ...length, ...changes },
    onEvent: async (event) => {
      events.push(event);
      await listen(event);
    },
  });
  const steps = events.filter((event) => event.kind === 'step');
  return { result, events, steps, losses: steps.map(({ loss }) => loss) };
}

describe.each(Object.keys(testBackends))('%s backend', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test('a tiny model learns its data, and nothing of the training stays on the device', async () => {
    const backend = await opened;
    const model = await tinyModel(backend);
    const first = await (await tinyData('documents')).batch(0);
    const data = { batch: async () => first, batchesPerEpoch: 1 };
    const options = { model, data, maxSteps: 80, learningRate: 2e-2 };
    expect((await evaluateLoss(model, data)).loss).toBeGreaterThan(2.9); // ln 20 is 3.0
    const { allocatedBytes } = backend.memoryUsage();
    await train(options);
    expect((await evaluateLoss(model, data)).loss).toBeLessThan(0.5);
    const scratchBytes = backend.memoryUsage().allocatedBytes - allocatedBytes;
    await train({ ...options, maxSteps: 2 });
    expect(backend.memoryUsage().allocatedBytes - allocatedBytes).toBe(scratchBytes);
    if (backendName === 'reference') expect(scratchBytes).toBe(0);
  });
});

describe('Events', () => {
  test('tell of each step, of evaluations and their best, in order', async () => {
    const evaluation = { data: await tinyEvaluationData(), every: 2 };
    const { result, events } = await trainTiny({ evaluation, learningRate: 2e-2 });
    expect(events.map(({ kind, step }) => `${kind} ${step}`)).toEqual([
      'step 1',
      'step 2',
      'evaluation 2',
      'step 3',
      'step 4',
      'evaluation 4',
      'step 5',
      'evaluation 5',
    ]);
    const evaluations = events.filter((event) => event.kind === 'evaluation');
    expect(evaluations[0]).toMatchObject({ isBest: true, perplexity: Math.exp(evaluations[0]!.loss) });
    const best = evaluations.toSorted((a, b) => a.loss - b.loss)[0]!;
    expect(result).toMatchObject({ reason: 'finished', step: 5, best: { step: best.step, loss: best.loss } });
    expect(result.evaluation).toEqual({ step: 5, loss: evaluations.at(-1)!.loss });
  });

  test('say how far and how fast it goes', async () => {
    const schedule = { kind: 'linear', warmupSteps: 1 } as const;
    const { steps, result } = await trainTiny({ schedule, gradientAccumulation: 2 });
    expect(steps[1]).toMatchObject({ maxSteps: 5, learningRate: 1e-2, numTokens: 48, totalTokens: 96 });
    expect(steps.map(({ learningRate }) => learningRate)).toEqual(
      [0.5, 1, 0.75, 0.5, 0.25].map((share) => expect.closeTo(share * 1e-2, 12)),
    );
    expect(steps[0]!.tokensPerSecond).toBeGreaterThan(0);
    expect(steps[0]!.secondsLeft).toBeGreaterThan(0);
    expect(steps[4]!.secondsLeft).toBe(0);
    expect(steps[0]!.epoch).toBeUndefined();
    expect(result).toMatchObject({ totalTokens: 240, loss: steps[4]!.loss });
  });

  test('leave the model as the step left it, and let it be used', async () => {
    const model = await tinyModel(backend);
    const data = await tinyEvaluationData();
    const seen: number[] = [];
    const { events } = await trainTiny({ model, evaluation: { data, every: 1 } }, async (event) => {
      if (event.kind === 'evaluation') seen.push((await evaluateLoss(model, data)).loss);
    });
    expect(seen).toEqual(events.filter((event) => event.kind === 'evaluation').map(({ loss }) => loss));
  });
});

describe('Length', () => {
  test('epochs are counted in batches of the data', async () => {
    const data = await tinyData('documents');
    const { result, steps } = await trainTiny({ data, epochs: 0.5, gradientAccumulation: 2 });
    expect(result.step).toBe(Math.round(data.batchesPerEpoch! / 4));
    expect(steps.at(-1)!.epoch).toBeCloseTo((result.step * 2) / data.batchesPerEpoch!, 12);
  });

  test('it stops early when evaluations are no better for too long', async () => {
    const evaluation = { data: await tinyEvaluationData(), every: 1, patience: 2, minDelta: 0.5 };
    const { result } = await trainTiny({ evaluation, maxSteps: 50, learningRate: 1e-6 });
    expect(result).toMatchObject({ reason: 'stopped early', step: 3, best: { step: 1 } });
  });

  test('a signal ends it after the step under way', async () => {
    const controller = new AbortController();
    const { result, events } = await trainTiny({ signal: controller.signal }, ({ step }) => {
      if (step === 3) controller.abort();
    });
    expect(result).toMatchObject({ reason: 'aborted', step: 3 });
    expect(events).toHaveLength(3);
    expect(await trainTiny({ signal: AbortSignal.abort() })).toMatchObject({ result: { reason: 'aborted', step: 0 } });
  });

  test('who stops listening can go on later', async () => {
    const options = { model: await tinyModel(backend), data: await tinyData(), maxSteps: 5, learningRate: 1e-2 };
    const trainer = await Trainer.create(options);
    for await (const { step } of trainer.run()) if (step === 2) break;
    expect(trainer.step).toBe(2);
    const steps: number[] = [];
    const rest = trainer.run();
    await rest.next();
    await expect(trainer.run().next()).rejects.toThrow('Cannot run the trainer: it is running');
    for await (const { step } of rest) steps.push(step);
    expect(steps).toEqual([4, 5]);
    trainer.dispose();
    await expect(trainer.run().next()).rejects.toThrow('Cannot run the trainer: it is disposed');
    const whole = await tinyModel(backend);
    await trainTiny({ model: whole });
    expect(await weightsOf(options.model)).toEqual(await weightsOf(whole));
  });
});

describe('What a step computes', () => {
  test('several batches are one step over all their tokens, however many each has', async () => {
    const batches = await Promise.all([0, 1, 2].map(async (n) => (await tinyData('documents')).batch(n)));
    const together = { batch: async () => join(batches) };
    const apart = { batch: async (n: number) => batches[n % 3]! };
    const one = await trainTiny({ data: together });
    const three = await trainTiny({ data: apart, gradientAccumulation: 3 });
    for (const [i, step] of three.steps.entries()) {
      expect(step.loss).toBeCloseTo(one.steps[i]!.loss, 5);
      expect(step.gradientNorm).toBeCloseTo(one.steps[i]!.gradientNorm, 5);
    }
  });

  test('the gradient is clipped, or not', async () => {
    const sgd = { kind: 'sgd', momentum: 0 } as const;
    const change = async (clipNorm: number | 'none') => {
      const model = await tinyModel(backend);
      const before = await weightsOf(model);
      const { steps } = await trainTiny({ model, optimizer: sgd, learningRate: 1, maxSteps: 1, clipNorm });
      const after = await weightsOf(model);
      const squares = [...before].map(([path, values]) => squareDistance(values, after.get(path)!));
      return { norm: Math.sqrt(squares.reduce((a, b) => a + b)), gradientNorm: steps[0]!.gradientNorm };
    };
    const free = await change('none');
    expect(free.norm).toBeCloseTo(free.gradientNorm, 5);
    expect((await change(0.01)).norm).toBeCloseTo(0.01, 6);
    expect((await change(1000)).norm).toBe(free.norm);
  });

  test('dropout is the same for the same seed, and another in each step and batch', async () => {
    const same = { batch: async () => (await tinyData()).batch(0) };
    const options = { data: same, dropout: 0.3, learningRate: 1e-12 };
    const [first, again, other] = [
      await trainTiny({ ...options, seed: 5 }),
      await trainTiny({ ...options, seed: 5 }),
      await trainTiny({ ...options, seed: 6 }),
    ];
    expect(again.losses).toEqual(first.losses);
    expect(other.losses[0]).not.toBe(first.losses[0]);
    expect(new Set(first.losses.map((loss) => loss.toFixed(6))).size).toBe(5);
    const twice = await trainTiny({ ...options, seed: 5, gradientAccumulation: 2 });
    expect(twice.losses[0]).not.toBe(first.losses[0]);
  });

  test('frozen parameters stay as they are', async () => {
    const model = await tinyModel(backend);
    const before = await weightsOf(model);
    await trainTiny({ model, isTrained: (path) => path.includes('mlp') });
    for (const [path, values] of await weightsOf(model))
      if (path.includes('mlp')) expect(values, path).not.toEqual(before.get(path));
      else expect(values, path).toEqual(before.get(path));
    await expect(trainTiny({ isTrained: () => false })).rejects.toThrow('Cannot train: isTrained chooses no parameter');
  });

  test('z-loss and label smoothing are part of the loss', async () => {
    const plain = await trainTiny({ maxSteps: 1 });
    const zLoss = await trainTiny({ maxSteps: 1, zLoss: 0.1 });
    expect(zLoss.losses[0]! - plain.losses[0]!).toBeCloseTo(0.1 * Math.log(20) ** 2, 1);
    expect((await trainTiny({ maxSteps: 1, labelSmoothing: 1 })).losses[0]).toBeCloseTo(Math.log(20), 1);
  });
});

describe('Numbers that are not finite', () => {
  const expectDiverged = async (changes: Partial<TrainerOptions>, message: string) => {
    const before = backend.memoryUsage().allocatedBytes;
    const error = await trainTiny(changes).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TrainingDivergedError);
    expect((error as Error).message).toBe(message);
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  };

  test('a parameter is named, and nothing is changed', async () => {
    const model = await tinyModel(backend);
    backend.write(model.parameters.vector('layers.1.mlp.up.bias').buffer, Float32Array.of(Number.NaN), 3);
    const before = await weightsOf(model);
    const first = 'the first tensor that is not finite is layers.1.mlp.up.bias';
    await expectDiverged({ model }, `Cannot go on training after 0 steps: the loss is NaN; ${first}`);
    expect(await weightsOf(model)).toEqual(before);
  });

  test('an activation is named by its module', async () => {
    const model = await tinyModel(backend);
    const { buffer, shape } = model.parameters.vector('layers.0.attentionNorm.weight');
    backend.write(buffer, new Float32Array(shape[0]!).fill(3e38));
    const error = await trainTiny({ model }).catch((error: unknown) => error);
    expect(error).toMatchObject({ step: 0, tensor: 'layers.0.attention' });
  });

  test('a gradient is named by its parameter', async () => {
    const model = await tinyModel(backend);
    const target = await createCausalLMTarget(model, {});
    const steep: TrainingTarget = {
      ...target,
      losses: (batch, options) => {
        const losses = target.losses(batch, options);
        const backward = (gradient: typeof losses) => [scale(scale(gradient, 1e30), 1e30)];
        return losses.withOrigin({ inputs: [losses], saved: [], backward });
      },
    };
    const before = await weightsOf(model);
    await expectDiverged(
      { model: steep },
      "Cannot go on training after 0 steps: the gradient's norm is NaN; the first tensor that is not finite is the gradient of finalNorm.bias",
    );
    expect(await weightsOf(model)).toEqual(before);
    target.trained.release();
  });
});

test('batches that a model cannot take are refused', async () => {
  const batch = await (await tinyData()).batch(0);
  const refused = (changes: Partial<TrainingBatch>) =>
    trainTiny({ data: { batch: async () => ({ ...batch, ...changes }) } });
  await expect(refused({ tokenIds: batch.tokenIds.map(() => 20) })).rejects.toThrow('token id 20, wanted 0 to 19');
  await expect(refused({ lossWeights: batch.lossWeights.map(() => 0) })).rejects.toThrow(
    'Cannot make a training step: its batches have no token to predict',
  );
  const failing = { batch: () => Promise.reject(new Error('the disk is gone')) };
  await expect(trainTiny({ data: failing })).rejects.toThrow('the disk is gone');
});

function join(batches: readonly TrainingBatch[]): TrainingBatch {
  const ints = (name: 'tokenIds' | 'targetIds' | 'positions') =>
    Int32Array.from(batches.flatMap((one) => [...one[name]]));
  const spans = batches.flatMap((batch) => batch.spans);
  let start = 0;
  return {
    tokenIds: ints('tokenIds'),
    targetIds: ints('targetIds'),
    positions: ints('positions'),
    lossWeights: Float32Array.from(batches.flatMap(({ lossWeights }) => [...lossWeights])),
    spans: spans.map(({ length }) => {
      start += length;
      return { start: start - length, length };
    }),
  };
}

function squareDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}
