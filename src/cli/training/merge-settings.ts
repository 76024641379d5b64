import { UsageError } from '../exit-codes.ts';
import { type GivenSettings, SETTING_NAMES } from './run-settings.ts';

type Name = keyof GivenSettings;

const SIZES = [
  'architecture',
  'numLayers',
  'numHeads',
  'numKvHeads',
  'hiddenSize',
  'intermediateSize',
  'activation',
] as const;

/** Settings of which one says what the others would. */
const INSTEAD: readonly (readonly [one: Name, others: readonly Name[]])[] = [
  ['epochs', ['maxSteps']],
  ['validationData', ['validation']],
  ['tokenizer', ['tokenizerKind', 'vocabSize']],
  ['modelConfig', SIZES],
];

/** Values beside which settings from before mean nothing. */
const WITHOUT: readonly (readonly [name: Name, value: unknown, others: readonly Name[]])[] = [
  ['optimizer', 'sgd', ['beta1', 'beta2', 'epsilon', 'weightDecay']],
  ['optimizer', 'adamw', ['momentum', 'weightDecay']],
  ['schedule', 'constant', ['minRatio']],
  ['tokenizerKind', 'char', ['vocabSize']],
  ['validation', 0, ['evaluationBatches', 'patience', 'minDelta']],
];

/** Some settings, and where they come from. */
export interface SettingsLayer {
  readonly source: string;
  readonly settings: GivenSettings;
}

/**
 * The settings of layers, the last of which has the last word: what it says instead of another setting takes that one's place
 * too. Throws a `UsageError` where one layer says the same in two ways.
 */
export function mergeSettings(layers: readonly SettingsLayer[]): GivenSettings {
  let merged: GivenSettings = {};
  for (const { source, settings } of layers) {
    expectOneWay(settings, source);
    merged = { ...without(merged, replacedBy(settings)), ...settings };
  }
  return merged;
}

function expectOneWay(settings: GivenSettings, source: string): void {
  for (const [one, others] of INSTEAD) {
    const other = others.find((name) => isGiven(settings, name));
    if (isGiven(settings, one) && other !== undefined)
      throw new UsageError(`Cannot read ${source}: ${flag(one)} and ${flag(other)} are both given, wanted one of them`);
  }
}

function replacedBy(settings: GivenSettings): readonly Name[] {
  const instead = INSTEAD.flatMap(([one, others]) => [
    ...(isGiven(settings, one) ? others : []),
    ...(others.some((name) => isGiven(settings, name)) ? [one] : []),
  ]);
  return [...instead, ...WITHOUT.flatMap(([name, value, others]) => (settings[name] === value ? others : []))];
}

function without(settings: GivenSettings, names: readonly Name[]): GivenSettings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name as Name)));
}

function isGiven(settings: GivenSettings, name: Name): boolean {
  return settings[name] !== undefined;
}

function flag(name: Name): string {
  return SETTING_NAMES.get(name)!;
}
