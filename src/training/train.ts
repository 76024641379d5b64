import { Trainer } from './trainer.ts';
import type { TrainerOptions } from './trainer-options.ts';
import type { TrainingEvent, TrainingResult } from './training-events.ts';

/** What to train, and who hears of it. */
export interface TrainOptions extends TrainerOptions {
  /** Hears of each event, one after the other. */
  readonly onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
}

/**
 * Trains a model: `Trainer` in one call. `onEvent` is waited for, and may use the model. Throws as `Trainer.create` and
 * `Trainer.run`; nothing stays on the device but the model, as the last step left it.
 *
 * @example
 * const loader = windowBatches(dataset, { contextLength: 64, batchSize: 12, seed: 1 });
 * const { loss } = await train({ model, data: loader, maxSteps: 1000, learningRate: 1e-3, onEvent: console.log });
 */
export async function train(options: TrainOptions): Promise<TrainingResult> {
  const { onEvent, ...rest } = options;
  const trainer = await Trainer.create(rest);
  try {
    const events = trainer.run();
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
      await onEvent?.(next.value);
    }
  } finally {
    trainer.dispose();
  }
}
