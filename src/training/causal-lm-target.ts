import type { CausalLM } from '../models/causal-lm.ts';
import { saveModel } from '../models/save-model.ts';
import { checkBatch } from './check-batch.ts';
import { describeParameters } from './describe-parameters.ts';
import { tokenLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';
import type { TrainingTarget } from './training-target.ts';

/** Which parameters are trained, and where the model came from. */
export interface CausalLMTargetOptions {
  readonly isTrained?: ((path: string) => boolean) | undefined;
  /** The folder it was loaded from, whose configuration and tokenizer are saved with it. */
  readonly baseFolder?: string | undefined;
}

/** Trains a language model to predict the next token. `trained` is to be released in the end. */
export async function createCausalLMTarget(model: CausalLM, options: CausalLMTargetOptions): Promise<TrainingTarget> {
  const { backend, config, parameters, transformer } = model;
  const isTrained = options.isTrained ?? (() => true);
  const entries = [...parameters.entries];
  if (!entries.some(([path]) => isTrained(path))) throw new RangeError('Cannot train: isTrained chooses no parameter');
  const description = { kind: 'CausalLM', config, ...(await describeParameters(parameters, isTrained)) };
  return {
    backend,
    trained: await TrainedParameters.create(parameters, isTrained),
    description,
    checkBatch: (batch) => checkBatch(batch, config),
    losses: (batch, lossOptions) => tokenLosses(transformer, backend, batch, lossOptions),
    save: (folder, dtype) => saveModel(model, folder, { dtype, baseFolder: options.baseFolder }),
  };
}
