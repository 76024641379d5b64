import type { LoraAdapter } from '../adapters/lora-adapter.ts';
import { saveAdapter } from '../adapters/save-adapter.ts';
import { CausalLM } from '../models/causal-lm.ts';
import { copyModelFiles } from '../models/copy-model-files.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { checkBatch, checkPairBatch } from './check-batch.ts';
import { describeParameters } from './describe-parameters.ts';
import { stepDropout } from './step-dropout.ts';
import { pairLosses, tokenLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';
import type { TrainingTarget } from './training-target.ts';

/** What is saved beside an adapter. */
export interface LoraTargetOptions {
  /** The folder that the model was loaded from: its tokenizer goes into each checkpoint, as PEFT's users have it. */
  readonly baseFolder?: string | undefined;
}

/**
 * Trains an adapter of a model, which itself stays as it is: give it to `Trainer` or `train` in the place of the model. A
 * checkpoint is then a folder in PEFT's layout. The adapter's own dropout is drawn from the trainer's seed; the trainer's
 * `dropout` is the model's. In the end release `trained`, and the adapter when it is not used any more.
 *
 * @example
 * const adapter = await createLora(model, { rank: 8, dropout: 0.05 });
 * const target = await createLoraTarget(model, adapter);
 * await train({ model: target, data: loader, maxSteps: 1000, learningRate: 1e-3 });
 * target.trained.release();
 * await saveAdapter(adapter, 'path/to/adapter');
 */
export async function createLoraTarget(
  model: LanguageModel,
  adapter: LoraAdapter,
  { baseFolder }: LoraTargetOptions = {},
): Promise<TrainingTarget> {
  const { backend, config, parameters } = model;
  const { frozen } = await describeParameters(parameters, () => false);
  // The model's configuration tells the task.
  const { baseModel: _, task: __, ...adapterConfig } = adapter.config;
  return {
    backend,
    trained: await TrainedParameters.create(adapter.parameters),
    description: { kind: 'LoRA', config, adapter: adapterConfig, frozen },
    checkBatch: (batch) =>
      model instanceof CausalLM ? checkBatch(batch, model.config) : checkPairBatch(batch, model.config),
    losses(batch, { place, ...options }) {
      const dropout = place && stepDropout(adapter.config.dropout, place);
      const lossOptions = { ...options, adapter: { adapter, dropout } };
      return model instanceof CausalLM
        ? tokenLosses(model.transformer, backend, batch, lossOptions)
        : pairLosses(model.transformer, backend, batch, lossOptions);
    },
    async save(folder, dtype) {
      await saveAdapter(adapter, folder, { dtype });
      if (baseFolder !== undefined) await copyModelFiles(baseFolder, folder);
    },
  };
}
