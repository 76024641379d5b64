import { didYouMean } from '../base/suggest.ts';
import { isOfLayer } from '../models/parameter-spec.ts';
import { checkScheme, type QuantizationScheme } from '../quantized/quantization-scheme.ts';
import type { GptqOptions } from './gptq.ts';

/**
 * How codes are chosen. `nearest`: each weight's nearest, with the scale of the largest. `search`: with the scale of the smallest
 * squared error. `gptq`, `awq`: so that what the layers give for the calibration changes least.
 */
export const QUANTIZATION_METHODS = ['nearest', 'search', 'gptq', 'awq'] as const;

export type QuantizationMethod = (typeof QUANTIZATION_METHODS)[number];

/** How to quantise a model. */
export interface QuantizeOptions extends GptqOptions {
  /** Of the matrices of all blocks. */
  readonly scheme: QuantizationScheme;
  readonly method: QuantizationMethod;
  /**
   * Token ids of texts like those that the model is for; `gptq` and `awq` need them, and a model without an encoder; `search` takes no
   * note of them.
   */
  readonly calibration?: readonly (readonly number[])[] | undefined;
  /**
   * Other schemes for some parameters, by path (`layers.0.mlp.down`, `encoder.layers.0.mlp.down`), in which `*` stands for any characters; the last pattern that
   * fits counts; `keep` leaves a matrix as it is. Embeddings and the output projection are kept unless a pattern names them.
   */
  readonly overrides?: Readonly<Record<string, QuantizationScheme | 'keep'>> | undefined;
  readonly onProgress?: ((progress: QuantizeProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How much of the model is quantised. */
export interface QuantizeProgress {
  readonly status: 'quantising';
  /** The path of the matrix that was done last. */
  readonly file: string;
  /** Weights done, and in all. */
  readonly loaded: number;
  readonly total: number;
}

const KNOWN = [
  ...['scheme', 'method', 'calibration', 'overrides', 'damping', 'activationOrder', 'onProgress', 'signal'],
] as readonly (keyof QuantizeOptions)[];

/** Throws a `TypeError` for an unknown option or method, a `RangeError` for a scheme or damping that cannot be. */
export function checkQuantizeOptions(options: QuantizeOptions): void {
  for (const name of Object.keys(options))
    if (!KNOWN.includes(name as keyof QuantizeOptions))
      throw new TypeError(`Cannot quantise: unknown option ${JSON.stringify(name)}${didYouMean(name, KNOWN)}`);
  const { method, scheme, overrides = {}, damping, calibration } = options;
  if (!QUANTIZATION_METHODS.includes(method))
    throw new TypeError(
      `Cannot quantise: method is ${JSON.stringify(method)}, known: ${QUANTIZATION_METHODS.join(', ')}`,
    );
  checkScheme(scheme);
  for (const override of Object.values(overrides)) if (override !== 'keep') checkScheme(override);
  if (damping !== undefined && !(Number.isFinite(damping) && damping >= 0))
    throw new RangeError(`Cannot quantise: damping is ${damping}, wanted a number of at least 0`);
  if (calibration === undefined && (method === 'gptq' || method === 'awq'))
    throw new TypeError(`Cannot quantise: ${method} needs calibration texts`);
}

/** The scheme of each matrix, by its path without `.weight`; undefined: kept as it is. */
export function schemeChooser({
  scheme,
  overrides = {},
}: Pick<QuantizeOptions, 'scheme' | 'overrides'>): (path: string) => QuantizationScheme | undefined {
  const rules = Object.entries(overrides).map(([pattern, choice]) => ({ matches: matcher(pattern), choice }));
  return (path) => {
    const rule = rules.findLast(({ matches }) => matches.test(path));
    if (rule !== undefined) return rule.choice === 'keep' ? undefined : rule.choice;
    return isOfLayer(path) ? scheme : undefined;
  };
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** Throws a `RangeError` for a pattern that fits none of the paths. */
export function checkPatterns({ overrides = {} }: Pick<QuantizeOptions, 'overrides'>, paths: readonly string[]): void {
  for (const pattern of Object.keys(overrides))
    if (!paths.some((path) => matcher(pattern).test(path)))
      throw new RangeError(
        `Cannot quantise: the pattern ${JSON.stringify(pattern)} fits no matrix${didYouMean(pattern, paths)}; there are ${paths.slice(0, 12).join(', ')}, …`,
      );
}
