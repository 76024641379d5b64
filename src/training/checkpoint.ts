import { platform } from '#platform';
import type { WeightDType } from '../backend/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Optimizer } from './optimizer.ts';
import { type NamedTensors, readTensors, writeTensors } from './state-tensors.ts';
import {
  expectSameTraining,
  readTrainingState,
  type TrainingIdentity,
  type TrainingProgress,
  writeTrainingState,
} from './training-state.ts';
import type { TrainingTarget } from './training-target.ts';

/*
 * A checkpoint is a folder as Hugging Face Transformers has it (config.json, model.safetensors, the tokenizer's files), and in
 * it a folder `training-state` with all that training needs to go on with the same bits:
 *
 *   tensors.safetensors  float32: `values.PATH` of each trained parameter, and what the optimizer keeps
 *   state.json           steps made, the best evaluation, the settings, what is trained, the identity of the data, and the
 *                        SHA-256 of the tensors and of itself
 *
 * Batches and random numbers are functions of seed and step, so nothing else has a state.
 */

const STATE_FOLDER = 'training-state';

/** What a checkpoint is made of. */
export interface CheckpointParts {
  readonly target: TrainingTarget;
  readonly optimizer: Optimizer;
  readonly identity: TrainingIdentity;
}

/** Writes a checkpoint into a folder that is there; `dtype` is the width of the model's file. */
export async function writeCheckpoint(
  folder: string,
  { target, optimizer, identity }: CheckpointParts,
  progress: TrainingProgress,
  dtype: WeightDType,
): Promise<void> {
  const { state, tensors } = locations(folder);
  await target.save(folder, dtype);
  await platform.makeDirectory(platform.join(folder, STATE_FOLDER));
  const checksum = await writeTensors(tensors, stateTensors(target, optimizer));
  await writeTrainingState(state, { ...progress, identity, tensors: checksum });
}

/**
 * Puts parameters and optimizer in the state of a checkpoint; gives how far it was. Throws a `CheckpointError`, with nothing
 * changed, if it is damaged or of another training.
 */
export async function restoreCheckpoint(
  folder: string,
  { target, optimizer, identity }: CheckpointParts,
): Promise<TrainingProgress> {
  const { state, tensors } = locations(folder);
  const { identity: saved, tensors: checksum, ...progress } = await readTrainingState(state, folder);
  expectSameTraining(folder, saved, identity);
  await readTensors(tensors, stateTensors(target, optimizer), { checksum, folder });
  target.trained.apply();
  return progress;
}

function locations(folder: string) {
  const inside = platform.join(folder, STATE_FOLDER);
  return { state: platform.join(inside, 'state.json'), tensors: platform.join(inside, 'tensors.safetensors') };
}

function stateTensors({ trained }: TrainingTarget, optimizer: Optimizer): NamedTensors {
  const values = trained.list.map(({ path, values }): [string, Tensor] => [`values.${path}`, values]);
  return new Map([...values, ...optimizer.state]);
}
