import type { LoraAdapter } from '../../adapters/lora-adapter.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import { EncoderDecoderLM } from '../../models/encoder-decoder-lm.ts';
import { createEncoderDecoderTarget } from '../../training/encoder-decoder-target.ts';
import { createLora } from '../../training/lora.ts';
import { createLoraTarget } from '../../training/lora-target.ts';
import type { TrainingTarget } from '../../training/training-target.ts';
import { isLora, type RunSettings } from './complete-settings.ts';
import { targetsOf } from './lora-targets.ts';

/** What `kvasir train` trains. */
export type RunModel = CausalLM | EncoderDecoderLM;

/** What a trainer is given to train all of a model. A target is to be released in the end. */
export async function createTrained(model: RunModel, baseFolder: string): Promise<CausalLM | TrainingTarget> {
  return model instanceof EncoderDecoderLM ? createEncoderDecoderTarget(model, { baseFolder }) : model;
}

/** An adapter that is trained, and the training of it. */
export interface RunAdapter {
  readonly adapter: LoraAdapter;
  readonly target: TrainingTarget;
}

/** The new adapter that the settings describe, of the model of a folder; undefined if they have none. */
export async function createRunAdapter(
  model: RunModel,
  baseFolder: string,
  settings: RunSettings,
): Promise<RunAdapter | undefined> {
  if (!isLora(settings)) return undefined;
  const { loraRank: rank, loraAlpha: alpha, loraDropout: dropout, loraTargets, model: baseModel, seed } = settings;
  const adapter = await createLora(model, {
    rank,
    alpha,
    dropout,
    targets: loraTargets && targetsOf(loraTargets),
    seed,
    baseModel,
  });
  return { adapter, target: await createLoraTarget(model, adapter, { baseFolder }) };
}
