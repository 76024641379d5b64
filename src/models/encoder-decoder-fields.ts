import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { JsonFields } from '../config/json-fields.ts';
import { MAX_LAYERS } from './architecture.ts';

/** A token id that null leaves out. */
export function idOf(fields: JsonFields, name: string, fallback: number | undefined): number | undefined {
  return fields.keys.includes(name) ? fields.tokenIds(name)[0] : fallback;
}

/** Checks what every encoder-decoder family must satisfy, and freezes. */
export function finishEncoderDecoderConfig(fields: JsonFields, config: EncoderDecoderConfig): EncoderDecoderConfig {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot read ${fields.location}: ${problem}`);
  };
  const { hiddenSize, positions, vocabSize } = config;
  for (const side of ['encoder', 'decoder'] as const) {
    const { numLayers, numHeads, headSize } = config[side];
    if (numLayers > MAX_LAYERS) fail(`${numLayers} ${side} layers, at most ${MAX_LAYERS} are supported`);
    if (!Number.isInteger(headSize))
      fail(`hidden size ${hiddenSize} does not divide into ${numHeads} heads of the ${side}`);
  }
  if (positions.kind === 'sinusoidal' && (hiddenSize % 2 !== 0 || hiddenSize < 4))
    fail(`hidden size ${hiddenSize} does not divide into sines and cosines`);
  if (positions.kind === 'relative') checkBuckets(positions, fail);
  const ids = { decoder_start_token_id: config.decoderStartTokenId, bos_token_id: config.bosTokenId };
  for (const [name, id] of Object.entries(ids))
    if (id !== undefined && id >= vocabSize) fail(`"${name}" is ${id}, wanted below ${vocabSize}`);
  return Object.freeze(config);
}

/** A config is distrusted: columns by distance are made before the weights are read. */
const MAX_DISTANCE = 2 ** 20;

/** The logarithmic steps begin at half the buckets: of all in the decoder, of either direction in the encoder. */
function checkBuckets(
  { numBuckets, maxDistance }: { readonly numBuckets: number; readonly maxDistance: number },
  fail: (problem: string) => never,
): void {
  if (numBuckets < 4) fail(`${numBuckets} buckets of relative positions, wanted at least 4`);
  if (!(maxDistance > numBuckets / 2 && maxDistance <= MAX_DISTANCE))
    fail(
      `a maximum distance of ${maxDistance} for ${numBuckets} buckets of relative positions, wanted more than ${numBuckets / 2} and at most ${MAX_DISTANCE}`,
    );
}
