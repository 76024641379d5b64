import type { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import { saveEncoderDecoder } from '../models/save-encoder-decoder.ts';
import type { CausalLMTargetOptions } from './causal-lm-target.ts';
import { checkPairBatch } from './check-batch.ts';
import { describeParameters } from './describe-parameters.ts';
import { pairLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';
import type { TrainingTarget } from './training-target.ts';

/**
 * Trains an encoder-decoder model to predict the next token of a target, given its source. `trained` is to be released in the
 * end.
 */
export async function createEncoderDecoderTarget(
  model: EncoderDecoderLM,
  options: CausalLMTargetOptions = {},
): Promise<TrainingTarget> {
  const { backend, config, parameters, transformer } = model;
  const isTrained = options.isTrained ?? (() => true);
  const entries = [...parameters.entries];
  if (!entries.some(([path]) => isTrained(path))) throw new RangeError('Cannot train: isTrained chooses no parameter');
  const description = { kind: 'EncoderDecoderLM', config, ...(await describeParameters(parameters, isTrained)) };
  return {
    backend,
    trained: await TrainedParameters.create(parameters, isTrained),
    description,
    checkBatch: (batch) => checkPairBatch(batch, config),
    losses: (batch, lossOptions) => pairLosses(transformer, backend, batch, lossOptions),
    save: (folder, dtype) => saveEncoderDecoder(model, folder, { dtype, baseFolder: options.baseFolder }),
  };
}
