import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { Backend } from '../backend/backend.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel } from '../models/load-model.ts';
import { type DocumentToScore, type ScoreDocumentsInput, type ScoredRun, scoreDocuments } from './score-documents.ts';

const CONTEXT = 40;

/** Documents of every length around a block, the context and a step. */
const DOCUMENTS: readonly DocumentToScore[] = [2, 17, 3, 41, 16, 300, 2, 2, 90].map((length, document) => ({
  tokenIds: Array.from({ length }, (_, i) => (7 * i + 11 * document + i * i) % 60),
  numGiven: document % 3 === 2 ? Math.min(length - 1, 45) : 1,
}));

describe.each(Object.entries(testBackends))('scoreDocuments on %s', (_, create) => {
  let backend: Backend;
  let model: CausalLM;
  beforeAll(async () => {
    backend = await create();
    model = await loadModel(backend, goldenPath('models', 'llama-gqa'));
  });
  afterAll(() => backend.dispose());

  async function score(documents: readonly DocumentToScore[], more: Partial<ScoreDocumentsInput> = {}) {
    const runs: ScoredRun[] = [];
    for await (const run of scoreDocuments({ model, documents, contextLength: CONTEXT, ...more })) runs.push(run);
    return runs;
  }

  const logProbsOf = (runs: readonly ScoredRun[], document: number) =>
    runs.filter((run) => run.document === document).flatMap(({ logProbs }) => [...logProbs]);

  test('gives each document the bits that it has alone, once and in order', async () => {
    const before = backend.memoryUsage().allocatedBytes;
    const together = await score(DOCUMENTS);
    for (const [document, { tokenIds, numGiven }] of DOCUMENTS.entries()) {
      const runs = together.filter((run) => run.document === document);
      let next = numGiven;
      for (const { first, logProbs } of runs) {
        expect(first).toBe(next);
        next = first + logProbs.length;
      }
      expect(next).toBe(tokenIds.length);
      const alone = await score([DOCUMENTS[document]!]);
      expect(logProbsOf(together, document)).toEqual(logProbsOf(alone, 0));
    }
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });

  test('logits are those that the log probabilities follow from', async () => {
    const { vocabSize } = model.config;
    const runs = await score(DOCUMENTS, { withLogits: true });
    expect(runs.map(({ logProbs }) => logProbs)).toEqual((await score(DOCUMENTS)).map(({ logProbs }) => logProbs));
    for (const { document, first, logProbs, logits } of runs) {
      expect(logits).toHaveLength(logProbs.length * vocabSize);
      for (const [row, logProb] of logProbs.entries()) {
        const values = logits!.subarray(row * vocabSize, (row + 1) * vocabSize);
        const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
        const target = DOCUMENTS[document]!.tokenIds[first + row]!;
        expect(logProb).toBeCloseTo(values[target]! - Math.log(total), 4);
      }
    }
  });

  test('an abort ends it and frees the cache', async () => {
    const before = backend.memoryUsage().allocatedBytes;
    const controller = new AbortController();
    const runs = scoreDocuments({ model, documents: DOCUMENTS, contextLength: CONTEXT, signal: controller.signal });
    await runs.next();
    controller.abort(new Error('enough'));
    const rest = async () => {
      for await (const _ of runs);
    };
    await expect(rest()).rejects.toThrow('enough');
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });
});
