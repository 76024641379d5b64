import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { expectCausal } from '../models/language-model.ts';
import { compareLogits } from './compare-logits.ts';
import { sumOfEvaluations } from './evaluate-documents.ts';
import { LLM } from './llm.ts';

const path = goldenPath('models', 'llama-gqa');
const golden = readGoldenJson<{ scored: string; scoredIds: readonly number[]; sumLogProb: number }>(
  ...['models', 'llama-gqa', 'golden.json'],
);
const numTokens = golden.scoredIds.length - 1;

describe('LLM.evaluate', () => {
  let llm: LLM;
  let rounded: LLM;
  beforeAll(async () => {
    llm = await LLM.load(path);
    rounded = await LLM.load(path, { dtype: 'bfloat16' });
  });
  afterAll(async () => {
    await llm.dispose();
    await rounded.dispose();
  });

  test('gives the golden loss of a text, as text or as tokens', async () => {
    const evaluation = await llm.evaluate([golden.scored]);
    expect(evaluation).toMatchObject({ numDocuments: 1, numTokens, comparison: null });
    expect(evaluation.loss).toBeCloseTo(-golden.sumLogProb / numTokens, 4);
    expect(await llm.evaluate([golden.scoredIds])).toEqual(evaluation);
    const { loss } = await llm.evaluate([{ tokenIds: golden.scoredIds, numGiven: numTokens }]);
    const { tokens } = await llm.score(golden.scoredIds);
    expect(loss).toBe(-tokens.at(-1)!.logProb!);
  });

  test('a model is no distance from itself', async () => {
    const alone = await llm.evaluate([golden.scored]);
    const evaluation = await llm.evaluate([golden.scored], { against: llm });
    const { loss, perplexity } = alone;
    const same = { loss, perplexity, klDivergence: 0, maxKlDivergence: 0, topAgreement: 1 };
    expect(evaluation).toEqual({ ...alone, comparison: same });
  });

  test('compares the distributions of every token with those of the other model', async () => {
    const { comparison, loss } = await rounded.evaluate([golden.scored], { against: llm });
    const inputIds = golden.scoredIds.slice(0, -1);
    const [p, q] = await Promise.all(
      [llm, rounded].map(({ model }) => expectCausal(model, 'compare').forward({ inputIds })),
    );
    const rows = inputIds.map((_, i) => compareLogits(p!.logits.row(i), q!.logits.row(i)));
    const mean = rows.reduce((sum, { klDivergence }) => sum + klDivergence, 0) / rows.length;
    expect(comparison!.klDivergence).toBeCloseTo(mean, 12);
    expect(comparison!.klDivergence).toBeGreaterThan(0);
    expect(comparison!.maxKlDivergence).toBe(Math.max(...rows.map(({ klDivergence }) => klDivergence)));
    expect(comparison!.topAgreement).toBe(rows.filter(({ isTopSame }) => isTopSame).length / rows.length);
    expect(comparison!.loss).toBe((await llm.evaluate([golden.scored])).loss);
    expect(loss).toBe((await rounded.evaluate([golden.scored])).loss);
  });

  test('sums over sets are those of all their documents', async () => {
    const sets = [[golden.scored, 'the dog ran'], ['the cat']];
    const parts = await Promise.all(sets.map((set) => rounded.evaluate(set, { against: llm })));
    const all = await rounded.evaluate(sets.flat(), { against: llm });
    const sum = sumOfEvaluations(parts);
    expect(sum).toMatchObject({ numDocuments: 3, numTokens: all.numTokens, numBytes: all.numBytes });
    expect(sum.loss).toBeCloseTo(all.loss, 12);
    expect(sum.comparison!.klDivergence).toBeCloseTo(all.comparison!.klDivergence, 12);
    expect(sum.comparison!.topAgreement).toBeCloseTo(all.comparison!.topAgreement, 12);
  });

  test('refuses what cannot be', async () => {
    await expect(llm.evaluate([[1]])).rejects.toThrow('Cannot evaluate: there is no token to predict');
    await expect(llm.evaluate(['a'], { strides: 1 } as object)).rejects.toThrow('unknown option "strides"');
    await expect(llm.evaluate(['a'], { adapter: 'x' })).rejects.toThrow('there is no adapter "x"');
    await using other = await LLM.load(goldenPath('models', 'gpt2'));
    await expect(llm.evaluate([golden.scored], { against: other })).rejects.toThrow('the one to compare with');
  });
});

test('compareLogits gives the divergence by its definition', () => {
  const p = Float32Array.of(1, 2, Number.NEGATIVE_INFINITY, 0);
  const q = Float32Array.of(2, 1, 5, 0);
  const softmax = (x: Float32Array) => {
    const exps = Array.from(x, Math.exp);
    const total = exps.reduce((sum, value) => sum + value, 0);
    return exps.map((value) => value / total);
  };
  const [P, Q] = [softmax(p), softmax(q)];
  const kl = P.reduce((sum, x, i) => (x === 0 ? sum : sum + x * Math.log(x / Q[i]!)), 0);
  expect(compareLogits(p, q).klDivergence).toBeCloseTo(kl, 12);
  expect(compareLogits(p, q).isTopSame).toBe(false);
  expect(compareLogits(q, p).klDivergence).toBe(Number.POSITIVE_INFINITY);
  expect(compareLogits(p, p)).toEqual({ klDivergence: 0, isTopSame: true });
});
