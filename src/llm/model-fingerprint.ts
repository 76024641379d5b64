import type { CausalLM } from '../models/causal-lm.ts';

const NUM_PROBES = 8;

/**
 * Tells a model from every other that would compute other keys and values: a hash of the bits of its logits for a few
 * tokens, on which all its weights, the width they are kept in, the device and its numerics have their part.
 */
export async function modelFingerprint(model: CausalLM): Promise<string> {
  const { vocabSize, maxPositions } = model.config;
  const tokenIds = Array.from({ length: Math.min(NUM_PROBES, maxPositions) }, (_, i) => (i * 2654435761) % vocabSize);
  const cache = model.createCache(tokenIds.length);
  try {
    const logits = await model.step(cache, [{ sequence: cache.createSequence(), tokenIds }], { logits: 'all' });
    const hash = await crypto.subtle.digest('SHA-256', Float32Array.from(logits));
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  } finally {
    cache.dispose();
  }
}
