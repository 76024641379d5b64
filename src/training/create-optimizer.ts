import { AdamW } from './adamw.ts';
import type { Optimizer, OptimizerSettings } from './optimizer.ts';
import { Sgd } from './sgd.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** The optimizer that the settings ask for, with nothing in its memory yet. */
export function createOptimizer(trained: TrainedParameters, settings: OptimizerSettings): Optimizer {
  switch (settings.kind) {
    case 'adamw':
      return new AdamW(trained, settings);
    case 'sgd':
      return new Sgd(trained, settings);
    default:
      return settings satisfies never;
  }
}
