import { afterAll, describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { CausalLM } from './causal-lm.ts';
import { loadModel } from './load-model.ts';
import { PastKeyValues } from './past-key-values.ts';

interface Golden {
  readonly promptIds: readonly number[];
  readonly greedyIds: readonly number[];
  readonly scoredIds: readonly number[];
  readonly logProbs: readonly number[];
  readonly numParameters: number;
  /** Longer than the length that dynamic scaling starts from. */
  readonly beyondIds?: readonly number[];
}

const TOLERANCE = 1e-5;

describe.each(Object.keys(testBackends))('%s backend against PyTorch', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(goldenNames('models'))('%s: every layer, logits with and without cache, greedy, scores', async (name) => {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('models', name, 'golden.json');
    const tensors = await readGoldenTensors('models', name, 'golden.safetensors');
    const before = backend.memoryUsage().allocatedBytes;
    const model = await loadModel(backend, goldenPath('models', name));

    const seen = new Map<string, Promise<Float32Array | Int32Array>>();
    const { logits, pastKeyValues } = await model.forward({
      inputIds: golden.promptIds,
      maxLength: golden.promptIds.length,
      observe: (path, tensor) => seen.set(path, tensor.read()),
    });
    pastKeyValues.dispose();
    const errors: Record<string, number> = {};
    for (const [key, wanted] of tensors) {
      const values = await seen.get(observedPath(key));
      if (values !== undefined) errors[key] = relativeError(values as Float32Array, wanted);
    }
    errors.logits = relativeError(logits.data, tensors.get('logits')!);
    expect(Object.keys(errors).length).toBeGreaterThanOrEqual(model.config.numLayers + 2);
    const tooFar = Object.entries(errors).filter(([, error]) => !(error < TOLERANCE));
    expect(tooFar, `relative errors by layer: ${JSON.stringify(errors)}`).toEqual([]);

    expect(model.numParameters).toBe(golden.numParameters);
    const cached = await oneTokenAtATime(model, golden.promptIds);
    if (tensors.has('logits_cached'))
      expect(relativeError(cached, tensors.get('logits_cached')!)).toBeLessThan(TOLERANCE);
    expect(await greedy(model, golden.promptIds, golden.greedyIds.length)).toEqual(golden.greedyIds);
    const logProbs = await scored(model, golden.scoredIds);
    expect(relativeError(logProbs, Float32Array.from(golden.logProbs))).toBeLessThan(TOLERANCE);

    model.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });
});

async function oneTokenAtATime(model: CausalLM, ids: readonly number[]): Promise<Float32Array> {
  using past = new PastKeyValues(model.createCache(ids.length), 1);
  const rows = new Float32Array(ids.length * model.config.vocabSize);
  for (const [i, id] of ids.entries()) {
    const { logits } = await model.forward({ inputIds: [id], pastKeyValues: past });
    rows.set(logits.last(), i * model.config.vocabSize);
  }
  return rows;
}

async function greedy(model: CausalLM, promptIds: readonly number[], count: number): Promise<number[]> {
  using past = new PastKeyValues(model.createCache(promptIds.length + count), 1);
  const ids = [...promptIds];
  while (ids.length < promptIds.length + count) {
    const { logits } = await model.forward({ inputIds: ids.slice(past.length()), pastKeyValues: past });
    const row = logits.last();
    ids.push(row.indexOf(Math.max(...row)));
  }
  return ids.slice(promptIds.length);
}

async function scored(model: CausalLM, ids: readonly number[]): Promise<Float32Array> {
  using past = new PastKeyValues(model.createCache(ids.length), 1);
  const entry = { sequence: past.sequences[0]!, tokenIds: ids.slice(0, -1), targets: ids.slice(1) };
  return (await model.scoreStep(past.cache, [entry])).logProbs;
}

/** `hidden.0` is the embedding, `hidden.i` the output of block i − 1. */
function observedPath(golden: string): string {
  if (golden === 'hidden.0') return 'embedding';
  if (golden === 'final') return 'finalNorm';
  return golden.replace(/^hidden\.(\d+)$/, (_, index) => `layers.${Number(index) - 1}`);
}
