import type { TrainingBatch } from '../data/training-batch.ts';
import type { TargetLossOptions, TrainingTarget } from './training-target.ts';

/**
 * Which tensor went wrong first where a loss is not finite: a parameter by its path, else an activation by the path of the
 * module that gives it. Computes the losses again; undefined if all is finite.
 */
export async function firstNotFinite(
  target: TrainingTarget,
  batches: readonly TrainingBatch[],
  optionsOf: (i: number) => TargetLossOptions,
): Promise<string | undefined> {
  for (const { path, values } of target.trained.list) if (!areFinite(await values.read())) return path;
  for (const [i, batch] of batches.entries()) {
    const seen: [string, Promise<Float32Array | Int32Array>][] = [];
    target.trained.frozen(() =>
      target.backend.scope(() =>
        target.losses(batch, { ...optionsOf(i), observe: (path, tensor) => seen.push([path, tensor.read()]) }),
      ),
    );
    const values = await Promise.all(seen.map(([, values]) => values));
    const first = values.findIndex((one) => !areFinite(one));
    if (first >= 0) return seen[first]![0];
  }
  return undefined;
}

function areFinite(values: Float32Array | Int32Array): boolean {
  return values.every((value: number) => Number.isFinite(value));
}
