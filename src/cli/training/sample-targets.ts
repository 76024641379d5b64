import { uniform } from '../../base/random.ts';
import type { EncoderDecoderLM } from '../../models/encoder-decoder-lm.ts';
import { drawToken, likeliestToken } from '../../sampling/sampler.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';

/** How targets are sampled. */
export interface TargetSampling {
  readonly maxTokens: number;
  /** 0 for the likeliest tokens. */
  readonly temperature: number;
  readonly seed: number;
}

/** The target that a model has for a source, as it is between two steps. The cache is there only meanwhile. */
export async function sampleTarget(
  model: EncoderDecoderLM,
  tokenizer: Tokenizer,
  source: string,
  { maxTokens, temperature, seed }: TargetSampling,
): Promise<string> {
  const { decoderStartTokenId, eosTokenIds, maxPositions } = model.config;
  const sourceIds = encodeSource(model, tokenizer, source);
  const targetTokens = Math.min(maxTokens, maxPositions);
  const cache = model.createCache(Math.max(sourceIds.length, targetTokens), 2);
  try {
    const [encoded, sequence] = [cache.createSequence(), cache.createSequence()];
    model.encode(cache, [{ sequence: encoded, tokenIds: sourceIds }]);
    const ids: number[] = [];
    for (let last = decoderStartTokenId!; ids.length < targetTokens; ) {
      const row = await model.step(cache, [{ sequence, source: encoded, tokenIds: [last] }], { logits: 'last' });
      last = chooseToken(row, temperature, uniform(seed, ids.length));
      if (eosTokenIds.includes(last)) break;
      ids.push(last);
    }
    return tokenizer.decode(ids);
  } finally {
    cache.dispose();
  }
}

/** The tokens of a source with its end, as it comes in training. */
function encodeSource({ config }: EncoderDecoderLM, tokenizer: Tokenizer, source: string): readonly number[] {
  return [...tokenizer.encode(source, { addSpecialTokens: false }), ...config.eosTokenIds.slice(0, 1)];
}

function chooseToken(row: Float32Array, temperature: number, u: number): number {
  if (temperature === 0) return likeliestToken(row)!;
  return drawToken(
    row.map((logit) => logit / temperature),
    u,
  )!;
}
