import { afterAll, describe, expect, test } from 'vitest';
import { decodeGreedily } from '../../test/decode-greedily.ts';
import { goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { pairsBatch, type TokenPair } from '../../test/pairs-batch.ts';
import { testBackends } from '../../test/test-backends.ts';
import { uniform } from '../base/random.ts';
import { encoderDecoderArchitectureOf } from '../models/encoder-decoder-registry.ts';
import {
  loadEncoderDecoder,
  loadEncoderDecoderFrom,
  parseEncoderDecoderConfig,
} from '../models/load-encoder-decoder.ts';
import { storedName } from '../models/parameter-spec.ts';
import { createEncoderDecoderTarget } from './encoder-decoder-target.ts';
import { initialEncoderDecoderWeights } from './initial-weights.ts';
import { train } from './train.ts';
import { addGradients } from './training-step.ts';

describe.each(Object.keys(testBackends))('%s backend: encoder-decoder training', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(['bart', 'm2m-100', 't5', 't5-v1.1'])(
    '%s: loss and gradients of PyTorch, also recomputed',
    async (name) => {
      const backend = await opened;
      const golden = readGoldenJson<{ pairs: TokenPair[]; loss: number }>('encoder-decoder', name, 'golden.json');
      const wanted = await readGoldenTensors('encoder-decoder', name, 'gradients.safetensors');
      const before = backend.memoryUsage().allocatedBytes;
      const model = await loadEncoderDecoder(backend, goldenPath('encoder-decoder', name));
      const target = await createEncoderDecoderTarget(model);
      const naming = encoderDecoderArchitectureOf(model.config.modelType, name).naming(model.config);
      const batch = pairsBatch(golden.pairs);
      const weight = batch.tokenIds.length;
      for (const recompute of [false, true]) {
        target.trained.clearGradients();
        const options = { smoothing: 0, zLoss: 0, recompute, weight };
        const losses = (await addGradients(target, batch, { ...options, use: (it) => it.read() })) as Float32Array;
        expect(losses.reduce((sum, loss) => sum + loss, 0) / weight).toBeCloseTo(golden.loss, 5);
        const errors: Record<string, number> = {};
        for (const { path, gradient } of target.trained.list) {
          const key = storedName(path, naming).name;
          errors[key] = relativeError((await gradient.read()) as Float32Array, wanted.get(key)!);
        }
        expect(Object.keys(errors).toSorted()).toEqual([...wanted.keys()].toSorted());
        // No output depends on the bias of keys: its gradient is rounding error.
        const tooFar = Object.entries(errors).filter(([key, error]) => !(error < 1e-4) && !key.endsWith('k_proj.bias'));
        expect(tooFar, JSON.stringify(errors)).toEqual([]);
      }
      target.trained.release();
      model.dispose();
      expect(backend.memoryUsage().allocatedBytes).toBe(before);
    },
  );
});

const T5_SIZES = { d_kv: 12, d_ff: 64, num_layers: 1, num_heads: 4, relative_attention_max_distance: 20 };
const QUICKLY = { maxSteps: 600, learningRate: 4e-3, warmupSteps: 20 };
/** Models of one layer a side, and what they need to learn it. */
const SMALL_MODELS: Record<string, typeof QUICKLY & { readonly sizes: object }> = {
  'the Transformer of Vaswani et al. 2017': {
    ...QUICKLY,
    sizes: {
      ...{ model_type: 'marian', activation_function: 'relu', scale_embedding: true, max_position_embeddings: 16 },
      ...{ encoder_layers: 1, encoder_attention_heads: 4, encoder_ffn_dim: 64 },
      ...{ decoder_layers: 1, decoder_attention_heads: 4, decoder_ffn_dim: 64 },
    },
  },
  'T5 1.0': { ...QUICKLY, sizes: { model_type: 't5', ...T5_SIZES } },
  'T5 1.1': {
    ...{ maxSteps: 800, learningRate: 3e-3, warmupSteps: 50 },
    sizes: { model_type: 't5', ...T5_SIZES, feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
  },
};

test.each(Object.entries(SMALL_MODELS))(
  '%s learns to copy and to reverse, and decodes so through the cache',
  async (_, { sizes, maxSteps, learningRate, warmupSteps }) => {
    const backend = await testBackends.wasm!();
    const model = await smallModel(backend, sizes);
    const target = await createEncoderDecoderTarget(model);
    const data = {
      batch: async (n: number) => pairsBatch(Array.from({ length: 32 }, (_, i) => copyOrReverse(n * 32 + i))),
    };
    const schedule = { kind: 'linear', warmupSteps } as const;
    const optimizer = { kind: 'adamw', beta2: 0.98, weightDecay: 0 } as const;
    await train({ model: target, data, maxSteps, learningRate, schedule, optimizer });
    target.trained.release();
    for (let i = 0; i < 50; i++) {
      const { sourceIds, targetIds } = copyOrReverse(1e6 + i);
      const numTokens = targetIds.length - 1;
      expect(await decodeGreedily(model, sourceIds, { startId: START, numTokens })).toEqual(targetIds.slice(1));
    }
    model.dispose();
    await backend.dispose();
  },
  240_000,
);

const [START, END, COPY, REVERSE, FIRST] = [0, 1, 2, 3, 4];
const VOCAB_SIZE = 10;

/** A verb and some letters, and the letters copied or reversed, with an end. */
function copyOrReverse(i: number): TokenPair {
  const draw = (below: number, lane: number) => Math.floor(uniform(7, i, lane) * below);
  const letters = Array.from({ length: 1 + draw(4, 0) }, (_, j) => FIRST + draw(VOCAB_SIZE - FIRST, 2 + j));
  const isCopy = draw(2, 1) === 0;
  return {
    sourceIds: [isCopy ? COPY : REVERSE, ...letters, END],
    targetIds: [START, ...(isCopy ? letters : letters.toReversed()), END],
  };
}

/** A model of one layer a side. */
function smallModel(backend: Awaited<ReturnType<(typeof testBackends)['wasm']>>, sizes: object) {
  const ids = { vocab_size: VOCAB_SIZE, pad_token_id: START, eos_token_id: END, decoder_start_token_id: START };
  const description = parseEncoderDecoderConfig('config.json', JSON.stringify({ d_model: 32, ...sizes, ...ids }));
  return loadEncoderDecoderFrom(backend, description, initialEncoderDecoderWeights(description, 1));
}
