import { afterAll, describe, expect, test } from 'vitest';
import { readGoldenJson, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { backward } from '../autograd/backward.ts';
import { crossEntropy } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';

interface Golden {
  readonly logits: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly cases: readonly {
    readonly name: string;
    readonly logits: string;
    /** null: no loss is taken. */
    readonly targets: readonly (number | null)[];
    readonly weights: readonly number[] | null;
    readonly labelSmoothing: number;
    readonly zLoss: number;
    readonly reduction: 'mean' | 'sum';
    readonly loss: number;
    readonly gradient: readonly (readonly number[])[];
  }[];
}

const golden = readGoldenJson<Golden>('losses.json');

describe.each(Object.keys(testBackends))('%s backend: losses against PyTorch', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(golden.cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const backend = await opened;
    const rows = golden.logits[one.logits]!;
    const logits = Tensor.from(backend, Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
    logits.gradient = Tensor.zeros(backend, logits.shape);
    const weights = one.targets.map((target, t) => (target === null ? 0 : (one.weights?.[t] ?? 1)));
    const total = one.reduction === 'sum' ? 1 : weights.reduce((sum, weight) => sum + weight, 0);
    const losses = (await backend.scope(() => {
      const ids = Tensor.from(
        backend,
        Int32Array.from(one.targets, (target) => target ?? 0),
      );
      const losses = crossEntropy(logits, ids, { smoothing: one.labelSmoothing, zLoss: one.zLoss });
      backward(
        losses,
        Tensor.from(
          backend,
          Float32Array.from(weights, (weight) => weight / total),
        ),
      );
      return losses.read();
    })) as Float32Array;
    const loss = weights.reduce((sum, weight, t) => (weight === 0 ? sum : sum + weight * losses[t]!), 0) / total;
    expect(Math.abs(loss / one.loss - 1)).toBeLessThan(1e-5);
    const gradient = (await logits.gradient.read()) as Float32Array;
    expect(relativeError(gradient, Float32Array.from(one.gradient.flat()))).toBeLessThan(1e-5);
    logits.gradient.release();
    logits.release();
  });
});
