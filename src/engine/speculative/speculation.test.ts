import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../../test/goldens.ts';
import { proposeWith, runSpeculation, type SpeculationInput } from '../../../test/run-speculation.ts';
import { testBackends } from '../../../test/test-backends.ts';
import type { Backend } from '../../backend/backend.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import { describeModel, loadModel, loadModelFrom } from '../../models/load-model.ts';
import { randomWeights } from '../../models/random-weights.ts';
import { repetitionPenalty } from '../../sampling/repetition-penalty.ts';
import type { SamplerOptions } from '../../sampling/sampler.ts';
import { temperature } from '../../sampling/temperature.ts';
import { topK } from '../../sampling/top-k.ts';
import { topP } from '../../sampling/top-p.ts';
import { DraftModel } from './draft-model.ts';
import { promptLookup } from './prompt-lookup.ts';

const GREEDY = (): SamplerOptions => ({
  chain: { processors: [], filters: [], isShortlisted: false },
  temperature: 0,
  seed: 1,
});
const SAMPLED = (): SamplerOptions => ({
  chain: {
    processors: [repetitionPenalty(1.1), topK(40)],
    filters: [temperature(0.7), topP(0.95)],
    isShortlisted: true,
  },
  temperature: 0.7,
  seed: 42,
});

describe.each(Object.keys(testBackends))('speculation on %s', (backendName) => {
  let backend: Backend;
  let target: CausalLM;
  /** The target with its weights rounded: it agrees with it often. */
  let similar: CausalLM;
  /** Random weights: it agrees by chance. */
  let unlike: CausalLM;

  beforeAll(async () => {
    backend = await testBackends[backendName]!();
    target = await loadModel(backend, goldenPath('models', 'llama-gqa'));
    similar = await loadModel(backend, goldenPath('models', 'llama-gqa'), { dtype: 'bfloat16' });
    const description = await describeModel(goldenPath('models', 'llama-gqa'));
    unlike = await loadModelFrom(backend, description, randomWeights(description, 5));
  });
  afterAll(() => backend.dispose());

  const promptIds = (seed: number, length: number) =>
    Array.from({ length }, (_, i) => (1 + seed + 31 * i * (seed + 7)) % 409);
  const prompts = [promptIds(1, 23), promptIds(2, 3), promptIds(3, 17), promptIds(4, 1)];
  const run = (input: Partial<SpeculationInput>) =>
    runSpeculation({ target, prompts, numNewTokens: 30, chooserFor: GREEDY, ...input });

  /** Runs with a draft model and sees to it that nothing of it is left. */
  async function runWith(model: CausalLM, input: Partial<SpeculationInput>) {
    const before = backend.memoryUsage().allocatedBytes;
    const drafter = new DraftModel(model, model.createCache(64, prompts.length), { targetVocabSize: 409 });
    const output = await run({ ...input, propose: (requests) => drafter.propose(requests) });
    drafter.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
    return output;
  }

  test.each([
    ['greedy', GREEDY],
    ['sampled', SAMPLED],
  ])('%s: the tokens are those without drafts, whoever guesses', async (_, chooserFor) => {
    const plain = await run({ chooserFor });
    expect(plain).toMatchObject({ numSteps: 30, numDrafted: 0 });

    const same = await runWith(target, { chooserFor });
    expect(same.tokenIds).toEqual(plain.tokenIds);
    expect(same.numAccepted).toBe(same.numDrafted);
    expect(same.numSteps).toBe(6);

    const close = await runWith(similar, { chooserFor });
    expect(close.tokenIds).toEqual(plain.tokenIds);
    expect(close.numAccepted).toBeLessThan(close.numDrafted);
    expect(close.numAccepted).toBeGreaterThan(close.numDrafted / 2);

    const bad = await runWith(unlike, { chooserFor });
    expect(bad.tokenIds).toEqual(plain.tokenIds);
    expect(bad.numAccepted).toBeLessThan(bad.numDrafted / 4);
    expect(bad.numSteps).toBeGreaterThan(15);

    const lookUp = await run({ chooserFor, propose: proposeWith(promptLookup(2)) });
    expect(lookUp.tokenIds).toEqual(plain.tokenIds);
    expect(lookUp.numDrafted).toBeGreaterThan(0);
  });

  test('the draft length does not show', async () => {
    const plain = await run({ chooserFor: SAMPLED });
    for (const numDraftTokens of [1, 2, 7]) {
      const { tokenIds } = await runWith(similar, { chooserFor: SAMPLED, numDraftTokens });
      expect(tokenIds).toEqual(plain.tokenIds);
    }
  });

  test('rejection accepts all of a draft from the same distribution, and little of another', async () => {
    const input = { chooserFor: SAMPLED, acceptance: 'rejection' } as const;
    const same = await runWith(target, input);
    expect(same.numAccepted).toBe(same.numDrafted);
    expect(same.numSteps).toBe(6);
    const bad = await runWith(unlike, input);
    expect(bad.numAccepted).toBeLessThan(bad.numDrafted / 4);
    expect(bad.tokenIds.map((ids) => ids.length)).toEqual([30, 30, 30, 30]);
    expect((await runWith(unlike, input)).tokenIds).toEqual(bad.tokenIds);
  });

  test('rejection with a greedy choice gives the tokens without drafts', async () => {
    const plain = await run({});
    const { tokenIds, numAccepted } = await runWith(similar, { acceptance: 'rejection' });
    expect(tokenIds).toEqual(plain.tokenIds);
    expect(numAccepted).toBeGreaterThan(0);
  });
});
