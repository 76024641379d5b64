import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NEUTRAL_OPTIONS } from '../config/neutral-options.ts';
import { composeProcessors, type ProcessorOptions } from './compose-processors.ts';
import { applyChain } from './sampler.ts';

interface Goldens {
  readonly eosTokenId: number;
  readonly cases: readonly {
    readonly name: string;
    readonly options: Partial<ProcessorOptions>;
    readonly promptIds: readonly number[];
    readonly generatedIds: readonly number[];
    readonly logits: readonly number[];
    /** null: removed. */
    readonly processed: readonly (number | null)[];
  }[];
}

const GOLDENS: Goldens = JSON.parse(readFileSync(new URL('../../test/goldens/sampling.json', import.meta.url), 'utf8'));

function process({ options, promptIds, generatedIds, logits }: Goldens['cases'][number]): number[] {
  const neutral = { ...NEUTRAL_OPTIONS, temperature: 1, stopTokenIds: [GOLDENS.eosTokenId] };
  const tokenIds = [...promptIds, ...generatedIds];
  const row = Float32Array.from(logits);
  const chain = composeProcessors({ ...neutral, ...options }, { seed: 1, maxLength: 100, vocabSize: row.length });
  applyChain(chain, row, { promptIds, generatedIds, tokenIds, position: tokenIds.length });
  return [...row];
}

function keptIds(row: readonly (number | null)[]): number[] {
  return row.flatMap((logit, id) => (logit === null || logit === Number.NEGATIVE_INFINITY ? [] : [id]));
}

/** Hugging Face keeps every token equal to the k-th; we keep exactly k, the lower ids. */
function withoutTiesBeyond(k: number | undefined, logits: readonly number[], ids: readonly number[]): number[] {
  if (k === undefined) return [...ids];
  return [...ids]
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, k)
    .sort((a, b) => a - b);
}

describe('rows of logits as Hugging Face Transformers processes them', () => {
  test('there are cases', () => expect(GOLDENS.cases.length).toBeGreaterThan(0));

  test.each(GOLDENS.cases.map((golden, number) => ({ ...golden, number })))('$number: $name', (golden) => {
    const row = process(golden);
    const wanted = withoutTiesBeyond(golden.options.topK, golden.logits, keptIds(golden.processed));
    expect(keptIds(row)).toEqual(wanted);
    // Our temperature shifts the row so that its highest logit is 0.
    const isShifted = golden.options.temperature !== undefined;
    const shift = isShifted ? Math.max(...wanted.map((id) => golden.processed[id]!)) : 0;
    for (const id of wanted) expect(row[id]).toBeCloseTo(golden.processed[id]! - shift, 4);
  });
});
