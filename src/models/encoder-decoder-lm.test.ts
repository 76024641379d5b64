import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenNames, goldenPath } from '../../test/goldens.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { Backend } from '../backend/backend.ts';
import { createBackend } from '../create-backend.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import { loadEncoderDecoder, loadEncoderDecoderFrom, parseEncoderDecoderConfig } from './load-encoder-decoder.ts';
import { saveEncoderDecoder } from './save-encoder-decoder.ts';

const SOURCES = [
  [5, 9, 31, 7, 2],
  [8, 8, 40, 12, 33, 21, 5, 6, 7, 50, 51, 52, 53, 54, 55, 56, 57, 2],
];
const folder = temporaryFolder();
let backend: Backend;
let model: EncoderDecoderLM;

beforeAll(async () => {
  backend = await createBackend({ device: 'wasm', threads: 2 });
  model = await loadEncoderDecoder(backend, goldenPath('encoder-decoder', 'bart'));
});
afterAll(async () => {
  model.dispose();
  await backend.dispose();
});

function encode(cache: PagedKvCache, tokenIds: readonly number[], encoder = model) {
  const sequence = cache.createSequence();
  encoder.encode(cache, [{ sequence, tokenIds }]);
  return sequence;
}

test.each(['bart', 't5'])(
  '%s: a target gets the same bits alone, in a batch, and over a shared source',
  async (name) => {
    const model = await loadEncoderDecoder(backend, goldenPath('encoder-decoder', name));
    const cache = model.createCache(96);
    const free = cache.pool.numFree;
    const sources = SOURCES.map((ids) => encode(cache, ids, model));
    const shared = sources[0]!.fork();
    const targets = [
      { source: sources[0]!, tokenIds: [2, 14, 15] },
      { source: sources[1]!, tokenIds: [2] },
      { source: shared, tokenIds: [2, 60] },
    ];
    const entryOf = (target: (typeof targets)[number]) => ({ ...target, sequence: cache.createSequence() });
    const entries = targets.map(entryOf);
    const together = await model.step(cache, entries, { logits: 'last' });
    for (const { sequence } of entries) sequence.release();
    sources[0]!.release(); // its blocks stay for the one that shares them
    for (const [i, target] of targets.entries()) {
      const entry = entryOf({ ...target, source: target.source === sources[0] ? shared : target.source });
      const alone = await model.step(cache, [entry], { logits: 'last' });
      expect(alone).toEqual(together.slice(i * model.config.vocabSize, (i + 1) * model.config.vocabSize));
      entry.sequence.release();
    }
    shared.release();
    sources[1]!.release();
    expect(cache.pool.numFree).toBe(free);
    cache.dispose();
    model.dispose();
  },
);

describe('What cannot be is refused, and nothing has grown', () => {
  test('by encode', () => {
    const cache = model.createCache(80);
    const sequence = cache.createSequence();
    const encoding = (tokenIds: readonly number[]) => () => model.encode(cache, [{ sequence, tokenIds }]);
    expect(encoding([])).toThrow('Cannot encode a source: it has no tokens');
    expect(encoding([3, 61])).toThrow('Cannot encode a source: token id 61, wanted 0 to 60');
    expect(encoding(new Array(49).fill(3))).toThrow(
      'Cannot encode a source: 49 tokens, but the model takes at most 48',
    );
    expect(encoding(new Array(48).fill(3))).not.toThrow();
    expect(encoding([3])).toThrow('Cannot encode a source: its sequence has 48 tokens, wanted an empty one');
    const other = cache.createSequence();
    const tooMany = () => model.encode(cache, [{ sequence: other, tokenIds: new Array(48).fill(3) }]);
    expect(tooMany).toThrow('Cannot allocate 3 blocks');
    expect(other.length).toBe(0);
    cache.dispose();
  });

  test('by step', async () => {
    const cache = model.createCache(80);
    const source = encode(cache, SOURCES[0]!);
    const sequence = cache.createSequence();
    const step = (tokenIds: readonly number[], from = source) =>
      model.step(cache, [{ sequence, source: from, tokenIds }], { logits: 'last' });
    await expect(step([61])).rejects.toThrow('Cannot run the model: token id 61, wanted 0 to 60');
    await expect(step(new Array(49).fill(3))).rejects.toThrow('49 tokens, but the model takes at most 48');
    await expect(step([2], cache.createSequence())).rejects.toThrow('the source of a target is not encoded');
    expect(sequence.length).toBe(0);
    cache.dispose();
  });
});

test('A bias of the logits that a file lacks is zeros', async () => {
  const path = goldenPath('encoder-decoder', 'bart');
  const source = await openWeights(path);
  const tensors = new Map([...source.tensors].filter(([name]) => name !== 'final_logits_bias'));
  const { location, metadata } = source;
  const read: typeof source.read = (...part) => source.read(...part);
  const lacking = { location, metadata, tensors, read, close: () => source.close() };
  const without = await loadEncoderDecoderFrom(backend, parseChanged('bart', {}), lacking);
  const logitsOf = async (it: EncoderDecoderLM) => {
    const cache = it.createCache(96);
    const entry = {
      sequence: cache.createSequence(),
      source: encode(cache, SOURCES[0]!, it),
      tokenIds: [2, 9],
    };
    const logits = await it.step(cache, [entry], { logits: 'last' });
    cache.dispose();
    return logits;
  };
  const bias = await model.parameters.vector('logits.bias').read();
  const [biased, unbiased] = [await logitsOf(model), await logitsOf(without)];
  expect(unbiased.map((logit, i) => Math.fround(logit + bias[i]!))).toEqual(biased);
  without.dispose();
  await source.close();
});

test.each(goldenNames('encoder-decoder'))('%s: what is saved is loaded as the same model', async (name) => {
  const original = await loadEncoderDecoder(backend, goldenPath('encoder-decoder', name));
  const saveTo = folder.path('model');
  await saveEncoderDecoder(original, saveTo);
  const saved = await loadEncoderDecoder(backend, saveTo);
  expect(saved.config).toEqual(original.config);
  const parameters = new Map(saved.parameters.entries);
  for (const [path, parameter] of original.parameters.entries)
    expect(await parameters.get(path)!.read(), path).toEqual(await parameter.read());
  saved.dispose();
  original.dispose();
});

test('A configuration that cannot be is refused', () => {
  const parse = (changes: object) => () => parseChanged('marian', changes);
  expect(parse({ model_type: 'brat' })).toThrow('did you mean "bart"');
  expect(parse({ decoder_attention_heads: 3 })).toThrow('does not divide into 3 heads of the decoder');
  expect(parse({ d_model: 3, encoder_attention_heads: 1, decoder_attention_heads: 1 })).toThrow('sines and cosines');
  expect(parse({ decoder_start_token_id: 61 })).toThrow('"decoder_start_token_id" is 61, wanted below 61');
});

test("A T5's configuration that cannot be is refused", () => {
  const parse = (changes: object) => () => parseChanged('t5', changes);
  expect(parse({ feed_forward_proj: 'gated-gellu' })).toThrow(
    'activation "gellu" of "feed_forward_proj", supported: relu,',
  );
  expect(parse({ relative_attention_num_buckets: 2 })).toThrow('2 buckets of relative positions, wanted at least 4');
  expect(parse({ relative_attention_max_distance: 4 })).toThrow('a maximum distance of 4 for 8 buckets');
  expect(parse({ relative_attention_max_distance: 2 ** 31 })).toThrow('wanted more than 4 and at most 1048576');
  expect(parse({ tie_word_embeddings: 'no', scale_decoder_outputs: null })).toThrow('"tie_word_embeddings" is "no"');
});

test('A T5 says by either spelling whether its logits are scaled, and so whether it has a head of its own', () => {
  const readings = [
    [{ scale_decoder_outputs: true, tie_word_embeddings: true }, true],
    [{ scale_decoder_outputs: false, tie_word_embeddings: true }, false], // Transformers 5
    [{ scale_decoder_outputs: null, tie_word_embeddings: false }, false], // Transformers 4
    [{ scale_decoder_outputs: null, tie_word_embeddings: null }, true],
    [{ scale_decoder_outputs: null, model_type: 'mt5' }, false],
  ] as const;
  for (const [changes, isScaled] of readings) {
    const { config } = parseChanged('t5', changes);
    expect(config.isTied, JSON.stringify(changes)).toBe(isScaled);
    expect(config.logitsScale).toBe(isScaled ? 1 / 4 : 1);
  }
});

/** The configuration of a golden with other fields. */
function parseChanged(name: string, changes: object) {
  const text = readFileSync(goldenPath('encoder-decoder', name, 'config.json'), 'utf8');
  return parseEncoderDecoderConfig('config.json', JSON.stringify({ ...(JSON.parse(text) as object), ...changes }));
}
