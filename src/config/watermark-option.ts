import { didYouMean } from '../base/suggest.ts';
import { number, type OptionReader, oneOf, wholeNumber } from './option-readers.ts';
import { showValue } from './show-value.ts';
import { toCamelCase } from './snake-case.ts';

/** Which tokens a watermark prefers, and by how much. */
export interface WatermarkOption {
  /** Share of the vocabulary that is green. */
  readonly greenlistRatio: number;
  /** Added to the logits of green tokens. */
  readonly bias: number;
  /** The secret that detection needs too. */
  readonly hashingKey: number;
  /** Whether the tokens before alone decide what is green ('lefthash'), or the token itself too ('selfhash'). */
  readonly seedingScheme: 'lefthash' | 'selfhash';
  /** How many tokens decide. */
  readonly contextWidth: number;
}

/** Hugging Face's. */
const DEFAULTS: WatermarkOption = {
  greenlistRatio: 0.25,
  bias: 2,
  hashingKey: 15485863,
  seedingScheme: 'lefthash',
  contextWidth: 1,
};

const READERS: { readonly [Name in keyof WatermarkOption]: OptionReader<WatermarkOption[Name]> } = {
  greenlistRatio: number((value) => value > 0 && value < 1, 'above 0 and below 1'),
  bias: number(() => true, 'finite'),
  hashingKey: wholeNumber(0),
  seedingScheme: oneOf('lefthash', 'selfhash'),
  contextWidth: wholeNumber(1),
};

/** Some or all settings of a watermark, in camel or snake case; the others are Hugging Face's. */
export const watermark: OptionReader<WatermarkOption> = (value, describe) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${describe(value)}, but it must be an object`);
  const settings: Record<string, unknown> = { ...DEFAULTS };
  for (const [key, given] of Object.entries(value)) {
    const name = toCamelCase(key);
    if (given === null || given === undefined) continue;
    if (!isSetting(name)) {
      const suggestion = didYouMean(name, Object.keys(READERS));
      throw new TypeError(`${describe(value)} with the unknown setting ${showValue(key)}${suggestion}`);
    }
    settings[name] = READERS[name](given, (it) => `${describe(value)} whose ${key} is ${showValue(it)}`);
  }
  return Object.freeze(settings as unknown as WatermarkOption);
};

function isSetting(name: string): name is keyof WatermarkOption {
  return Object.hasOwn(READERS, name);
}
