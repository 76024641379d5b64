import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig, PositionConfig, RotaryScaling } from '../config/model-config.ts';

/**
 * Rotary positions of a Hugging Face config, in its older spelling (`rope_theta`, and `rope_scaling` with `type` or
 * `rope_type`) or its newer one (`rope_parameters`).
 */
export function parseRotary(fields: JsonFields, headSize: number, maxPositions: number): PositionConfig {
  fields.requireSupported('partial_rotary_factor', [1]);
  const parameters = fields.object('rope_parameters') ?? fields.object('rope_scaling');
  const theta = parameters?.has('rope_theta')
    ? parameters.positive('rope_theta')
    : fields.positive('rope_theta', 10_000);
  parameters?.requireSupported('partial_rotary_factor', [1]);
  const scaling =
    parameters === undefined ? ({ kind: 'none' } as const) : parseScaling(parameters, maxPositions, headSize / 2);
  return { kind: 'rotary', theta, rotarySize: headSize, interleaved: false, scaling };
}

/** The longest sequence that a config allows once its rotary scaling is counted in. */
export function maxPositionsOf(positions: PositionConfig, maxPositions: number): number {
  if (positions.kind !== 'rotary' || positions.scaling.kind !== 'dynamic') return maxPositions;
  return Math.floor(Math.max(maxPositions, positions.scaling.originalMaxPositions * positions.scaling.factor));
}

const KINDS = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'] as const;

function parseScaling(fields: JsonFields, maxPositions: number, numPairs: number): RotaryScaling {
  const kind = fields.oneOf(fields.has('rope_type') ? 'rope_type' : 'type', KINDS, 'default');
  const original = () => fields.count('original_max_position_embeddings', maxPositions);
  switch (kind) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind, factor: fields.positive('factor') };
    case 'dynamic':
      return { kind, factor: fields.positive('factor'), originalMaxPositions: original() };
    case 'llama3':
      return {
        kind,
        factor: fields.positive('factor'),
        lowFrequencyFactor: fields.positive('low_freq_factor'),
        highFrequencyFactor: fields.positive('high_freq_factor'),
        originalMaxPositions: fields.count('original_max_position_embeddings'),
      };
    case 'longrope':
      return { kind: 'factors', factors: parseFactors(fields, numPairs) };
    case 'yarn':
      return {
        kind,
        factor: fields.positive('factor'),
        betaFast: fields.positive('beta_fast', 32),
        betaSlow: fields.positive('beta_slow', 1),
        originalMaxPositions: original(),
        attentionFactor: yarnAttentionFactor(fields),
        truncate: fields.boolean('truncate', true),
      };
    default:
      return kind satisfies never;
  }
}

/** LongRoPE's factors (Ding et al. 2024), as far as they are the same for short and long texts, and nothing is scaled besides. */
function parseFactors(fields: JsonFields, numPairs: number): readonly number[] {
  const factors = fields.positives('long_factor', numPairs);
  const short = fields.positives('short_factor', numPairs);
  if (fields.positive('attention_factor') !== 1 || factors.some((factor, i) => factor !== short[i]))
    throw new RangeError(
      `Cannot read ${fields.location}: its factors differ for short and long texts, or its attention_factor is not 1; supported: equal ones and 1`,
    );
  return factors;
}

/** 0.1·ln(factor) + 1 unless given (Peng et al. 2023, equation 22); DeepSeek's two scales divide each other. */
function yarnAttentionFactor(fields: JsonFields): number {
  if (fields.has('attention_factor')) return fields.positive('attention_factor');
  const factor = fields.positive('factor');
  const temperature = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  if (fields.has('mscale') && fields.has('mscale_all_dim'))
    return temperature(fields.positive('mscale')) / temperature(fields.positive('mscale_all_dim'));
  return temperature(1);
}

/** The fields that `parseRotary` and `maxPositionsOf` read positions from, in the older spelling, which all versions read. */
export function rotaryFields({ positions, maxPositions }: ModelConfig): Readonly<Record<string, unknown>> {
  if (positions.kind !== 'rotary') return { max_position_embeddings: maxPositions };
  const { theta, scaling } = positions;
  const isDynamic = scaling.kind === 'dynamic';
  return {
    max_position_embeddings: isDynamic ? scaling.originalMaxPositions : maxPositions,
    rope_theta: theta,
    rope_scaling: scalingFields(scaling, maxPositions),
  };
}

function scalingFields(scaling: RotaryScaling, maxPositions: number): Readonly<Record<string, unknown>> | null {
  switch (scaling.kind) {
    case 'none':
      return null;
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling.kind, factor: scaling.factor };
    case 'factors':
      return {
        rope_type: 'longrope',
        short_factor: scaling.factors,
        long_factor: scaling.factors,
        attention_factor: 1,
        original_max_position_embeddings: maxPositions,
      };
    case 'llama3':
      return {
        rope_type: scaling.kind,
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalMaxPositions,
      };
    case 'yarn':
      return {
        rope_type: scaling.kind,
        factor: scaling.factor,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        original_max_position_embeddings: scaling.originalMaxPositions,
        attention_factor: scaling.attentionFactor,
        truncate: scaling.truncate,
      };
    default:
      return scaling satisfies never;
  }
}
