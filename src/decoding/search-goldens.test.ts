import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runSearch, searchInput } from '../../test/run-search.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { GenerationOptions } from '../config/neutral-options.ts';
import { type CausalLM } from '../models/causal-lm.ts';
import { loadModel } from '../models/load-model.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { BeamSearch } from './beam-search.ts';

interface Golden {
  readonly model: string;
  readonly promptIds: readonly number[];
  readonly options: Partial<GenerationOptions>;
  /** The prefix function allows what does not add up with the last token to a multiple of it. */
  readonly allowed?: number;
  readonly sequences: readonly (readonly number[])[];
  readonly scores: readonly number[];
}

const { cases } = readGoldenJson<{ readonly cases: readonly Golden[] }>('search.json');
const TOLERANCE = 1e-4;

describe.each(Object.keys(testBackends))('beam search on %s as Transformers 5', (backendName) => {
  const opened = testBackends[backendName]!();
  const models = new Map<string, Promise<CausalLM>>();
  const modelOf = async (name: string): Promise<CausalLM> => {
    if (!models.has(name)) models.set(name, loadModel(await opened, goldenPath('models', name)));
    return models.get(name)!;
  };
  afterAll(async () => (await opened).dispose());

  test.each(cases.map((golden) => [`${golden.model} ${JSON.stringify(golden.options)}`, golden] as const))(
    '%s',
    async (_, { model: name, promptIds, options, allowed, sequences, scores }) => {
      const model = await modelOf(name);
      const { vocabSize } = model.config;
      const tokenizer = options.stopStrings && (await loadTokenizer(goldenPath('models', name)));
      const prefixAllowedTokens =
        allowed === undefined ? undefined : (ids: readonly number[]) => allowedAfter(ids.at(-1)!, allowed, vocabSize);
      const input = searchInput(options, {
        ...{ promptLength: promptIds.length, vocabSize, prefixAllowedTokens },
        detokenizerFor: () => tokenizer && new Detokenizer(tokenizer, { after: promptIds, skipSpecialTokens: false }),
      });
      const results = await runSearch(model, promptIds, new BeamSearch(input));
      expect(results.map(({ tokenIds }) => tokenIds)).toEqual(sequences);
      for (const [i, { score }] of results.entries()) expect(Math.abs(score! - scores[i]!)).toBeLessThan(TOLERANCE);
    },
  );
});

function allowedAfter(last: number, modulus: number, vocabSize: number): readonly number[] {
  return Array.from({ length: vocabSize }, (_, id) => id).filter((id) => (last + id) % modulus !== 0);
}
