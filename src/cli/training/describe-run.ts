import { basename, resolve } from 'node:path';
import { EncoderDecoderLM } from '../../models/encoder-decoder-lm.ts';
import { formatCount } from '../format.ts';
import { version } from '../version.ts';
import type { RunSettings } from './complete-settings.ts';
import type { RunDescription } from './report/training-report.ts';
import type { RunData } from './run-data.ts';
import type { RunModel } from './run-model.ts';

export interface DescribedRun {
  readonly settings: RunSettings;
  readonly model: RunModel;
  /** Numbers that are trained. */
  readonly numTrained: number;
  readonly data: RunData;
}

/** What the report says of a run, beside `status`. */
export function describeRun({ settings, model, numTrained, data }: DescribedRun): Omit<RunDescription, 'status'> {
  const { config, numParameters } = model;
  const parameters = `${formatCount(numParameters)} parameters`;
  return {
    title: basename(resolve(settings.output)),
    facts: [
      config.modelType,
      numTrained === numParameters ? parameters : `${parameters}, ${formatCount(numTrained)} of an adapter are trained`,
      `${formatCount(data.numTokens)} tokens of training data`,
    ],
    settings: [...modelRows(model), ...settingRows(settings)],
    version: version(),
  };
}

function modelRows(model: RunModel): (readonly [name: string, value: string])[] {
  return Object.entries(sizesOf(model)).map(([name, value]) => [name, formatCount(value)]);
}

function sizesOf(model: RunModel): Readonly<Record<string, number>> {
  const { vocabSize, hiddenSize } = model.config;
  if (!(model instanceof EncoderDecoderLM)) {
    const { numLayers, numHeads } = model.config;
    return { vocabSize, numLayers, numHeads, hiddenSize };
  }
  const { encoder, decoder } = model.config;
  const layers = { encoderLayers: encoder.numLayers, decoderLayers: decoder.numLayers };
  return { vocabSize, ...layers, numHeads: decoder.numHeads, hiddenSize };
}

function settingRows(settings: RunSettings): (readonly [name: string, value: string])[] {
  const { output: _, numLayers: __, numHeads: ___, hiddenSize: ____, vocabSize: _____, ...rest } = settings;
  return Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, show(name, value)]]));
}

function show(name: string, value: unknown): string {
  if (name !== 'data' && name !== 'validationData')
    return Array.isArray(value) ? value.map((one) => JSON.stringify(one)).join(', ') : String(value);
  const parts = value as RunSettings['data'];
  return parts
    .map(({ path, target, weight }) => {
      const names = [path, ...(target === undefined ? [] : [target])].map((one) => basename(one)).join(' and ');
      return weight === undefined ? names : `${names} (weight ${weight})`;
    })
    .join(', ');
}
