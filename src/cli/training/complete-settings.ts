import { UsageError } from '../exit-codes.ts';
import type { DataPart } from './data-parts.ts';
import { type GivenSettings, type RunCommand, SETTING_NAMES } from './run-settings.ts';

/** Settings with every default that depends on no file. */
export interface RunSettings extends GivenSettings {
  readonly output: string;
  readonly data: readonly DataPart[];
  readonly batchSize: number;
  readonly learningRate: number;
  readonly schedule: NonNullable<GivenSettings['schedule']>;
  readonly optimizer: NonNullable<GivenSettings['optimizer']>;
  readonly gradientAccumulation: number;
  readonly seed: number;
  readonly logEvery: number;
}

/** Throws a `UsageError` for what is missing and for settings that do not go together. */
export function completeSettings(command: RunCommand, given: GivenSettings): RunSettings {
  const { output } = given;
  if (output === undefined) refuse(command, 'no folder is given; name one with --output');
  if (command === 'finetune' && given.model === undefined)
    refuse(command, 'no model is given; name a folder with --model');
  const data = withTarget(command, given);
  expectTogether(command, given);
  const defaults = command === 'train' ? trainingDefaults(given) : finetuningDefaults(given);
  const { epochs, validationData, samplePrompt, optimizer = 'adamw', schedule = 'cosine' } = given;
  const complete: GivenSettings = {
    ...(epochs === undefined ? { maxSteps: 1000 } : {}),
    ...(validationData === undefined ? { validation: 0.1 } : {}),
    ...(schedule === 'constant' ? {} : { minRatio: 0.1 }),
    ...(samplePrompt === undefined ? {} : { sampleTokens: 200 }),
    ...{
      schedule,
      optimizer,
      gradientAccumulation: 1,
      seed: 0,
      logEvery: 10,
    },
    ...defaults,
    ...given,
    ...{ output, data, targetData: undefined },
  };
  return complete as RunSettings;
}

function trainingDefaults(given: GivenSettings): GivenSettings {
  const { tokenizer, tokenizerKind = 'bpe', modelConfig } = given;
  return {
    ...{ batchSize: 16, learningRate: 1e-3, contextLength: 128 },
    ...(tokenizer === undefined ? { tokenizerKind } : {}),
    ...(tokenizer === undefined && tokenizerKind === 'bpe' ? { vocabSize: 1024 } : {}),
    ...(modelConfig === undefined ? { architecture: 'gpt2', numLayers: 4, numHeads: 4, hiddenSize: 128 } : {}),
  };
}

function finetuningDefaults(given: GivenSettings): GivenSettings {
  return { batchSize: 4, learningRate: isLora(given) ? 2e-4 : 5e-5 };
}

/** Whether an adapter is trained. */
export function isLora({ loraRank, loraAlpha, loraTargets, loraDropout }: GivenSettings): boolean {
  return [loraRank, loraAlpha, loraTargets, loraDropout].some((setting) => setting !== undefined);
}

function withTarget(command: RunCommand, { data, targetData }: GivenSettings): readonly DataPart[] {
  if (data === undefined) return refuse(command, 'no data are given; name a file with --data');
  if (targetData === undefined) return data;
  if (data.length > 1 || data[0]!.target !== undefined)
    refuse(command, `--target-data goes with one file of --data, got ${data.length}; a run file can name more`);
  return [{ ...data[0]!, target: targetData }];
}

/** Settings that mean nothing beside another. */
function expectTogether(command: RunCommand, given: GivenSettings): void {
  const { optimizer = 'adamw', schedule = 'cosine', validation, validationData } = given;
  const forbid = (names: readonly (keyof GivenSettings)[], why: string) => {
    const name = names.find((name) => given[name] !== undefined);
    if (name !== undefined) refuse(command, `${SETTING_NAMES.get(name)} is given, but ${why}`);
  };
  if (optimizer === 'sgd') forbid(['beta1', 'beta2', 'epsilon'], 'the optimizer is sgd');
  else forbid(['momentum'], 'the optimizer is adamw');
  if (schedule === 'constant') forbid(['minRatio'], 'the learning rate is constant');
  if (validation === 0)
    forbid(['evaluationBatches', 'patience', 'minDelta'], 'there are no data to measure on (--validation 0)');
  if (given.tokenizerKind === 'char') forbid(['vocabSize'], 'of a char tokenizer each character is a token');
  if (given.samplePrompt === undefined) forbid(['sampleTokens', 'sampleTemperature'], 'there is no --sample-prompt');
  if (validationData?.some(({ weight }) => weight !== undefined))
    refuse(command, '--validation-data has weights, but all of it is measured on');
}

function refuse(command: RunCommand, problem: string): never {
  throw new UsageError(`Cannot ${command}: ${problem}`);
}
