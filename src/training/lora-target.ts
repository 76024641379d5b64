import type { LoraAdapter } from '../adapters/lora-adapter.ts';
import { saveAdapter } from '../adapters/save-adapter.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { checkBatch } from './check-batch.ts';
import { describeParameters } from './describe-parameters.ts';
import { stepDropout } from './step-dropout.ts';
import { tokenLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';
import type { TrainingTarget } from './training-target.ts';

/**
 * Trains an adapter, and leaves its model as it is. Checkpoints are folders in PEFT's layout, in float32 whatever the trainer's
 * `dtype`; one is gone on from with the same model and an adapter of the same settings. `adapter.config.dropout` drops elements
 * of the adapter's inputs, the trainer's `dropout` those of the model's activations. Release `trained` in the end.
 *
 * @example
 * const adapter = await createLora(model, { rank: 8, targets: ['q_proj', 'v_proj'] });
 * const target = await createLoraTarget(model, adapter);
 * await train({ model: target, data: loader, maxSteps: 200, learningRate: 2e-4 });
 * target.trained.release();
 * await saveAdapter(adapter, 'path/to/adapter');
 */
export async function createLoraTarget(model: CausalLM, adapter: LoraAdapter): Promise<TrainingTarget> {
  const { backend, config, transformer } = model;
  const { baseModel: _, ...settings } = adapter.config;
  const [base, low] = [
    await describeParameters(model.parameters, () => false),
    await describeParameters(adapter.parameters, () => true),
  ];
  return {
    backend,
    trained: await TrainedParameters.create(adapter.parameters),
    description: { kind: 'LoRA', config, adapter: settings, trained: low.trained, frozen: base.frozen },
    checkBatch: (batch) => checkBatch(batch, config),
    losses: (batch, { place, ...options }) => {
      const dropout = place && stepDropout(adapter.config.dropout, place);
      return tokenLosses(transformer, backend, batch, { ...options, adapter: { adapter, dropout } });
    },
    save: (folder) => saveAdapter(adapter, folder),
  };
}
