import { afterAll, describe, expect, test } from 'vitest';
import { decodeGreedily } from '../../test/decode-greedily.ts';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import { loadEncoderDecoder } from './load-encoder-decoder.ts';

interface Golden {
  readonly sourceIds: readonly number[];
  /** The start token first. */
  readonly targetIds: readonly number[];
  readonly greedyIds: readonly number[];
  readonly numParameters: number;
}

const TOLERANCE = 1e-5;

describe.each(Object.keys(testBackends))('%s backend: encoder-decoder models against PyTorch', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(goldenNames('encoder-decoder'))('%s: encoder, logits with and without cache, greedy', async (name) => {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('encoder-decoder', name, 'golden.json');
    const wanted = await readGoldenTensors('encoder-decoder', name, 'golden.safetensors');
    const before = backend.memoryUsage().allocatedBytes;
    const model = await loadEncoderDecoder(backend, goldenPath('encoder-decoder', name));
    expect(model.numParameters).toBe(golden.numParameters);

    const { sourceIds, targetIds, greedyIds } = golden;
    const { encoded, whole, cached } = await run(model, sourceIds, targetIds);
    expect(relativeError(encoded, wanted.get('encoded')!)).toBeLessThan(TOLERANCE);
    expect(relativeError(whole, wanted.get('logits')!)).toBeLessThan(TOLERANCE);
    expect(cached).toEqual(whole);
    const startId = model.config.decoderStartTokenId!;
    expect(await decodeGreedily(model, sourceIds, { startId, numTokens: greedyIds.length })).toEqual(greedyIds);

    model.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });
});

/** The encoder's output, and the logits of a target in one step and token by token, both over one stored source. */
async function run(model: EncoderDecoderLM, sourceIds: readonly number[], targetIds: readonly number[]) {
  const cache = model.createCache(Math.max(targetIds.length, sourceIds.length), 3);
  const source = cache.createSequence();
  let encoded: Promise<Float32Array | Int32Array> | undefined;
  model.encode(cache, [{ sequence: source, tokenIds: sourceIds }], {
    observe: (path, tensor) => {
      if (path === 'encoder.output') encoded = tensor.read();
    },
  });
  const sequence = cache.createSequence();
  const whole = await model.step(cache, [{ sequence, source, tokenIds: targetIds }], { logits: 'all' });
  const cached = new Float32Array(whole.length);
  const second = { sequence: cache.createSequence(), source };
  for (const [i, id] of targetIds.entries())
    cached.set(
      await model.step(cache, [{ ...second, tokenIds: [id] }], { logits: 'last' }),
      i * model.config.vocabSize,
    );
  cache.dispose();
  return { encoded: (await encoded!) as Float32Array, whole, cached };
}
