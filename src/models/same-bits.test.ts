import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { CausalLM } from './causal-lm.ts';
import { loadModel } from './load-model.ts';
import { PastKeyValues } from './past-key-values.ts';

const MODELS = [
  'gpt2',
  'gpt-neo',
  'llama-gqa',
  'llama-gqa-bfloat16',
  'gpt2-float16',
  'mistral',
  'qwen3',
  'llama-dynamic',
];
const LENGTH = 40;

const tokenIds = (model: CausalLM, seed: number, length = LENGTH) =>
  Array.from({ length }, (_, i) => (seed + 31 * i * (seed + 7)) % model.config.vocabSize);

/** The logits of a sequence (length · V), fed in pieces of the given sizes. */
async function inPieces(model: CausalLM, ids: readonly number[], sizes: readonly number[]): Promise<Float32Array> {
  using past = new PastKeyValues(model.createCache(ids.length), 1);
  const rows = new Float32Array(ids.length * model.config.vocabSize);
  for (let start = 0, i = 0; start < ids.length; i++) {
    const piece = ids.slice(start, start + sizes[i % sizes.length]!);
    const { logits } = await model.forward({ inputIds: piece, pastKeyValues: past });
    rows.set(logits.data, start * model.config.vocabSize);
    start += piece.length;
  }
  return rows;
}

describe.each(Object.keys(testBackends))('the same bits on %s', (name) => {
  const opened = testBackends[name]!();
  afterAll(async () => (await opened).dispose());

  test.each(MODELS)('%s: whole, in any pieces, token by token', async (modelName) => {
    const model = await loadModel(await opened, goldenPath('models', modelName));
    const ids = tokenIds(model, 1);
    const whole = await inPieces(model, ids, [ids.length]);
    expect(await inPieces(model, ids, [1])).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 6 }), async (sizes) => {
        expect(await inPieces(model, ids, sizes)).toEqual(whole);
      }),
      { numRuns: 5 },
    );
    model.dispose();
  });

  test.each(MODELS)('%s: alone, or in a ragged batch with others at other stages', async (modelName) => {
    const model = await loadModel(await opened, goldenPath('models', modelName));
    const lengths = [LENGTH, 3, 17, 1];
    const prompts = lengths.map((length, i) => tokenIds(model, i + 1, length));
    const alone: Float32Array[] = [];
    for (const ids of prompts) alone.push(await inPieces(model, ids, [ids.length]));

    using past = new PastKeyValues(model.createCache(LENGTH, prompts.length), prompts.length);
    const first = prompts.map((ids) => ids.slice(0, Math.ceil(ids.length / 3)));
    const rest = prompts.map((ids, i) => ids.slice(first[i]!.length));
    const rows: Float32Array[][] = prompts.map(() => []);
    for (const inputIds of [first, rest]) {
      const { logits } = await model.forward({ inputIds, pastKeyValues: past });
      for (const [i, ids] of inputIds.entries())
        for (let token = 0; token < ids.length; token++) rows[i]!.push(logits.row(token, i));
    }
    for (const [i, ids] of prompts.entries()) {
      const together = new Float32Array(ids.length * model.config.vocabSize);
      for (const [token, row] of rows[i]!.entries()) together.set(row, token * model.config.vocabSize);
      expect(together).toEqual(alone[i]);
    }
    model.dispose();
  });
});
