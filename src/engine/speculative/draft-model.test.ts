import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { goldenPath } from '../../../test/goldens.ts';
import type { Backend } from '../../backend/backend.ts';
import { uniform } from '../../base/random.ts';
import { createBackend } from '../../create-backend.ts';
import { TokenSequence } from '../../decoding/token-sequence.ts';
import type { PagedKvCache } from '../../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import { loadModel } from '../../models/load-model.ts';
import { minP } from '../../sampling/min-p.ts';
import { DRAFT_LANE, distributionOf } from '../../sampling/rejection-sampler.ts';
import { chooseToken, drawToken, type SamplerOptions } from '../../sampling/sampler.ts';
import { temperature } from '../../sampling/temperature.ts';
import { type DraftingModel, DraftModel, type DraftStep } from './draft-model.ts';
import type { DraftRequest } from './draft-run.ts';

const GREEDY: SamplerOptions = {
  chain: { processors: [], filters: [], isShortlisted: false, minPAlone: 0 },
  temperature: 0,
  seed: 1,
};
const SAMPLED: SamplerOptions = {
  chain: { processors: [], filters: [temperature(0.5)], isShortlisted: false },
  temperature: 0.5,
  seed: 6,
};

let backend: Backend;
let model: CausalLM;
let cache: PagedKvCache;
let drafter: DraftModel;
let isOpen = false;
/** What the drafter does, step by step. */
let steps: DraftStep[];

beforeAll(async () => {
  backend = await createBackend({ device: 'reference' });
  model = await loadModel(backend, goldenPath('models', 'llama-gqa'));
});
afterAll(() => backend.dispose());
beforeEach(() => open(8));
afterEach(() => close());

function open(numBlocks: number, options: { maxNumBatchedTokens?: number; model?: DraftingModel } = {}) {
  close();
  steps = [];
  cache = model.createCache(16 * numBlocks);
  const { maxNumBatchedTokens } = options;
  drafter = new DraftModel(options.model ?? stepwise(), cache, { targetVocabSize: 409, maxNumBatchedTokens });
  isOpen = true;
}

/** The model without its `stepAhead`. */
function stepwise(): DraftingModel {
  return { config: model.config, encoder: undefined, step: (...args) => model.step(...args) };
}

function close() {
  if (isOpen) drafter.dispose();
  isOpen = false;
}

function ask(sequence: TokenSequence, more: Partial<DraftRequest> = {}): DraftRequest {
  return { key: sequence, sequence, maxTokens: 4, chooser: GREEDY, withDistributions: false, ...more };
}

const draft = (...requests: readonly DraftRequest[]) => drafter.propose(requests, (step) => steps.push(step));

const ids = (seed: number, length: number) => Array.from({ length }, (_, i) => (seed + 31 * i * (seed + 7)) % 409);

/** The logits after a sequence, computed from nothing. */
async function rowAfter(tokenIds: readonly number[]): Promise<Float32Array> {
  const { logits, pastKeyValues } = await model.forward({ inputIds: tokenIds, maxLength: tokenIds.length });
  pastKeyValues.dispose();
  return logits.last().slice();
}

/** What the model itself goes on with. */
async function continuation(sequence: TokenSequence, count: number, chooser = GREEDY): Promise<number[]> {
  const tokens = sequence.fork();
  for (let i = 0; i < count; i++) tokens.append([chooseToken(await rowAfter(tokens.tokenIds), tokens, chooser)]);
  return tokens.tokenIds.slice(sequence.position);
}

describe('drafts are what the model goes on with', () => {
  test('greedy, and drawn with the random numbers of the sequence', async () => {
    const sequence = new TokenSequence(ids(1, 9));
    for (const chooser of [GREEDY, SAMPLED]) {
      const [{ tokenIds, distributions } = { tokenIds: [] }] = await draft(ask(sequence, { chooser }));
      expect(tokenIds).toEqual(await continuation(sequence, 4, chooser));
      expect(distributions).toBeUndefined();
    }
  });

  test('drawn from a lane of their own, with the distributions that they were drawn from', async () => {
    const sequence = new TokenSequence(ids(1, 9));
    const [drawn] = await draft(ask(sequence, { chooser: SAMPLED, withDistributions: true }));
    const tokens = sequence.fork();
    for (const [i, tokenId] of drawn!.tokenIds.entries()) {
      const row = await rowAfter(tokens.tokenIds);
      temperature(0.5)(row);
      expect(drawn!.distributions![i]).toEqual(distributionOf(row));
      expect(tokenId).toBe(drawToken(row, uniform(SAMPLED.seed, tokens.position, DRAFT_LANE)));
      tokens.append([tokenId]);
    }
    expect(drawn!.tokenIds).toHaveLength(4);
    const [greedy] = await draft(ask(sequence, { withDistributions: true }));
    expect(greedy!.distributions).toBeUndefined();
  });

  test('for many sequences together, each as long as it is wanted', async () => {
    const sequences = [ids(1, 9), ids(2, 3), ids(3, 17), ids(4, 5)].map((promptIds) => new TokenSequence(promptIds));
    const lengths = [3, 1, 5, 0];
    const drafts = await draft(...sequences.map((sequence, i) => ask(sequence, { maxTokens: lengths[i]! })));
    for (const [i, sequence] of sequences.entries())
      expect(drafts[i]!.tokenIds).toEqual(await continuation(sequence, lengths[i]!));
    expect(steps.map(({ numSequences }) => numSequences)).toEqual([3, 2, 2, 1, 1]);
    expect(steps.map(({ numTokens }) => numTokens)).toEqual([9 + 3 + 17, 2, 2, 1, 1]);
  });
});

describe('what is cached', () => {
  test('accepted tokens are not computed again, and wrong ones are forgotten', async () => {
    const sequence = new TokenSequence(ids(1, 9));
    const [first] = await draft(ask(sequence));
    steps = [];
    sequence.append([...first!.tokenIds, 5]);
    const [second] = await draft(ask(sequence));
    // The last drafted token was never computed.
    expect(steps.map(({ numTokens }) => numTokens)).toEqual([2, 1, 1, 1]);
    expect(second!.tokenIds).toEqual(await continuation(sequence, 4));

    steps = [];
    const wrong = (second!.tokenIds[1]! + 1) % 409;
    sequence.append([second!.tokenIds[0]!, wrong]);
    const [third] = await draft(ask(sequence));
    expect(steps.map(({ numTokens }) => numTokens)).toEqual([1, 1, 1, 1]);
    expect(third!.tokenIds).toEqual(await continuation(sequence, 4));
  });

  test('a sequence that sat out catches up, and one that is asked for again has its last token computed', async () => {
    const sequence = new TokenSequence(ids(1, 9));
    const [first] = await draft(ask(sequence, { maxTokens: 1 }));
    steps = [];
    expect((await draft(ask(sequence, { maxTokens: 1 })))[0]).toEqual(first);
    expect(steps).toEqual([{ numSteps: 1, numTokens: 1, numSequences: 1 }]);
    sequence.append(ids(5, 20));
    steps = [];
    const [late] = await draft(ask(sequence, { maxTokens: 2 }));
    expect(steps.map(({ numTokens }) => numTokens)).toEqual([20, 1]);
    expect(late!.tokenIds).toEqual(await continuation(sequence, 2));
  });

  test('long prompts are computed in pieces, beside which others are drafted', async () => {
    open(8, { maxNumBatchedTokens: 16 });
    const [long, short] = [new TokenSequence(ids(1, 50)), new TokenSequence(ids(2, 4))];
    const drafts = await draft(ask(long, { maxTokens: 2 }), ask(short, { maxTokens: 3 }));
    expect(steps.map(({ numTokens }) => numTokens)).toEqual([16, 16, 16, 8, 1]);
    expect(drafts[0]!.tokenIds).toEqual(await continuation(long, 2));
    expect(drafts[1]!.tokenIds).toEqual(await continuation(short, 3));
  });

  test('released sequences give back every block, others keep theirs', async () => {
    const [a, b] = [new TokenSequence(ids(1, 20)), new TokenSequence(ids(2, 40))];
    const drafts = await draft(ask(a), ask(b));
    expect(cache.pool.numFree).toBe(8 - 2 - 3);
    drafter.release(b);
    drafter.release({});
    expect(cache.pool.numFree).toBe(6);
    steps = [];
    expect((await draft(ask(a)))[0]).toEqual(drafts[0]);
    expect(steps[0]).toEqual({ numSteps: 1, numTokens: 1, numSequences: 1 });
    drafter.release(a);
    expect(cache.pool.numFree).toBe(8);
  });

  test('dispose frees the cache and leaves the model', async () => {
    close();
    const before = backend.memoryUsage().allocatedBytes;
    open(4);
    await draft(ask(new TokenSequence(ids(1, 20))));
    close();
    expect(cache.pool.numFree).toBe(4);
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
    await expect(rowAfter([1])).resolves.toHaveLength(409);
  });
});

describe('several steps at once', () => {
  beforeEach(() => open(8, { model }));

  const plain = { ...SAMPLED, chain: { ...SAMPLED.chain, minPAlone: 0 } };
  const withMinP = { ...SAMPLED, chain: { ...SAMPLED.chain, filters: [temperature(0.5), minP(0.4)], minPAlone: 0.4 } };

  test.each([
    ['greedy', GREEDY],
    ['drawn', plain],
    ['drawn, without what is unlikely', withMinP],
  ])('%s: what one after the other gives', async (_, chooser) => {
    const sequences = [ids(1, 9), ids(2, 3), ids(3, 17), ids(4, 5)].map((promptIds) => new TokenSequence(promptIds));
    const lengths = [3, 1, 5, 0];
    const requests = sequences.map((sequence, i) => ask(sequence, { maxTokens: lengths[i]!, chooser }));
    const drafts = await draft(...requests);
    for (const [i, sequence] of sequences.entries())
      expect(drafts[i]!.tokenIds).toEqual(await continuation(sequence, lengths[i]!, chooser));
    expect(steps.map(({ numSteps }) => numSteps)).toEqual([1, 2, 2]);
    expect(steps.map(({ numSequences }) => numSequences)).toEqual([3, 2, 1]);

    const sequence = sequences[2]!;
    steps = [];
    sequence.append([...drafts[2]!.tokenIds.slice(0, 2), 5]);
    const [next] = await draft(ask(sequence, { chooser }));
    expect(next!.tokenIds).toEqual(await continuation(sequence, 4, chooser));
    expect(steps).toEqual([{ numSteps: 4, numTokens: 1, numSequences: 1 }]);
  });

  test('not with choices of two kinds, nor with what the device cannot do', async () => {
    const sequences = [ids(1, 9), ids(2, 3)].map((promptIds) => new TokenSequence(promptIds));
    const [greedy, drawn] = await draft(ask(sequences[0]!), ask(sequences[1]!, { chooser: plain }));
    expect(greedy!.tokenIds).toEqual(await continuation(sequences[0]!, 4));
    expect(drawn!.tokenIds).toEqual(await continuation(sequences[1]!, 4, plain));
    await draft(ask(sequences[1]!, { chooser: SAMPLED }));
    await draft(ask(sequences[1]!, { chooser: plain, withDistributions: true }));
    expect(steps.every(({ numSteps }) => numSteps === 1)).toBe(true);
  });

  test('as far as there is room', async () => {
    open(2, { model });
    const sequence = new TokenSequence(ids(1, 30));
    const [short] = await draft(ask(sequence, { maxTokens: 8 }));
    expect(short!.tokenIds).toEqual(await continuation(sequence, 3));
  });

  test('logits that are not finite', async () => {
    const stepAhead: CausalLM['stepAhead'] = async (...args) => ({
      ...(await model.stepAhead(...args)),
      areNumbers: false,
    });
    open(8, { model: { ...stepwise(), stepAhead } });
    await expect(draft(ask(new TokenSequence([1])))).rejects.toThrow(
      new RangeError('Cannot draft: the logits of the draft model are not finite'),
    );
  });

  test('a sequence that is released meanwhile holds no block afterwards, others go on', async () => {
    const [a, b] = [new TokenSequence(ids(1, 20)), new TokenSequence(ids(2, 20))];
    const stepAhead: CausalLM['stepAhead'] = async (...args) => {
      const steps = await model.stepAhead(...args);
      drafter.release(a);
      return steps;
    };
    open(8, { model: { ...stepwise(), stepAhead } });
    const drafts = await draft(ask(a), ask(b));
    expect(drafts[0]!.tokenIds).toEqual([]);
    expect(drafts[1]!.tokenIds).toEqual(await continuation(b, 4));
    expect(cache.pool.numFree).toBe(8 - 2);
  });
});

describe('where there is no room', () => {
  test('a sequence that does not fit gets no draft, and others do', async () => {
    open(4);
    const [a, b] = [new TokenSequence(ids(1, 20)), new TokenSequence(ids(2, 40))];
    const drafts = await draft(ask(a), ask(b));
    expect(drafts.map(({ tokenIds }) => tokenIds.length)).toEqual([4, 0]);
    expect(cache.pool.numFree).toBe(2);
    drafter.release(a);
    expect((await draft(ask(b)))[0]!.tokenIds).toEqual(await continuation(b, 4));
  });

  test('a sequence that grows out of the cache gives its blocks back, and comes again when there is room', async () => {
    open(4);
    const [a, b] = [new TokenSequence(ids(1, 30)), new TokenSequence(ids(2, 30))];
    await draft(ask(a, { maxTokens: 2 }), ask(b, { maxTokens: 2 }));
    expect(cache.pool.numFree).toBe(0);
    a.append(ids(3, 4));
    b.append(ids(4, 4));
    const drafts = await draft(ask(b), ask(a));
    expect(drafts.map(({ tokenIds }) => tokenIds.length)).toEqual([0, 4]);
    expect(drafts[1]!.tokenIds).toEqual(await continuation(a, 4));
    expect(cache.pool.numFree).toBe(1);
    drafter.release(a);
    expect((await draft(ask(b)))[0]!.tokenIds).toEqual(await continuation(b, 4));
  });

  test('a draft is as long as its blocks allow', async () => {
    open(2);
    const sequence = new TokenSequence(ids(1, 30));
    const [short] = await draft(ask(sequence, { maxTokens: 8 }));
    // Three tokens: the last of them takes no place.
    expect(short!.tokenIds).toEqual(await continuation(sequence, 3));
  });

  test('a draft ends where the draft model takes no longer sequence', async () => {
    open(9);
    const { maxPositions } = model.config;
    const sequence = new TokenSequence(ids(1, maxPositions - 1));
    expect((await draft(ask(sequence)))[0]!.tokenIds).toHaveLength(2);
    sequence.append([3, 4]);
    expect((await draft(ask(sequence)))[0]!.tokenIds).toEqual([]);
    expect(cache.pool.numFree).toBe(9);
  });

  test('a draft ends where the processors leave no token', async () => {
    let numCalls = 0;
    const processors = [(row: Float32Array) => (++numCalls > 2 ? void row.fill(Number.NEGATIVE_INFINITY) : undefined)];
    for (const chooser of [GREEDY, SAMPLED]) {
      numCalls = 0;
      const chain = { processors, filters: [], isShortlisted: false };
      const sequence = new TokenSequence(ids(1, 5));
      const [short] = await draft(ask(sequence, { chooser: { ...chooser, chain }, withDistributions: true }));
      expect(short!.tokenIds).toHaveLength(2);
      expect(short!.distributions?.length ?? 2).toBe(2);
    }
  });
});

describe('what goes wrong', () => {
  test('another vocabulary is refused', () => {
    expect(() => new DraftModel(model, cache, { targetVocabSize: 307 })).toThrow(
      new RangeError('Cannot draft: the draft model has a vocabulary of 409 tokens, wanted 307 like the target model'),
    );
  });

  test('an error of the model passes through, and the next draft is right', async () => {
    let isBroken = false;
    const step: CausalLM['step'] = (...args) =>
      isBroken ? Promise.reject(new Error('no device')) : model.step(...args);
    open(8, { model: { config: model.config, encoder: undefined, step } });
    const sequence = new TokenSequence(ids(1, 9));
    await draft(ask(sequence));
    sequence.append([4, 5]);
    isBroken = true;
    await expect(draft(ask(sequence))).rejects.toThrow('no device');
    isBroken = false;
    expect((await draft(ask(sequence)))[0]!.tokenIds).toEqual(await continuation(sequence, 4));
  });

  test('an error of a processor passes through', async () => {
    const processors = [
      () => {
        throw new TypeError('mine');
      },
    ];
    const chooser = { ...GREEDY, chain: { processors, filters: [], isShortlisted: false } };
    await expect(draft(ask(new TokenSequence([1]), { chooser }))).rejects.toThrow(new TypeError('mine'));
  });

  test('logits that are not finite', async () => {
    const step: CausalLM['step'] = async (...args) => (await model.step(...args)).fill(Number.NaN);
    open(8, { model: { config: model.config, encoder: undefined, step } });
    await expect(draft(ask(new TokenSequence([1])))).rejects.toThrow(
      new RangeError('Cannot draft: the logits of the draft model are not finite'),
    );
  });

  test('a sequence that is released while the model runs holds no block afterwards, others go on', async () => {
    const [a, b] = [new TokenSequence(ids(1, 20)), new TokenSequence(ids(2, 20))];
    const step: CausalLM['step'] = async (...args) => {
      const logits = await model.step(...args);
      drafter.release(a);
      return logits;
    };
    open(8, { model: { config: model.config, encoder: undefined, step } });
    const drafts = await draft(ask(a), ask(b));
    expect(drafts[0]!.tokenIds).toEqual([]);
    expect(drafts[1]!.tokenIds).toEqual(await continuation(b, 4));
    expect(cache.pool.numFree).toBe(8 - 2);
  });
});
