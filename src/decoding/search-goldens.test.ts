import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runSearch, searchInput } from '../../test/run-search.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { GenerationOptions } from '../config/neutral-options.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel } from '../models/load-model.ts';
import { Detokenizer } from '../tokenizers/detokenizer.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { BeamSearch } from './beam-search.ts';
import { ContrastiveSearch } from './contrastive-search.ts';
import type { SearchInput } from './sampling-search.ts';
import type { SearchStrategy } from './search-strategy.ts';

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
const { groups, contrastive } =
  readGoldenJson<Readonly<Record<'groups' | 'contrastive', readonly Golden[]>>>('search-4.json');
const TOLERANCE = 1e-4;

describe.each(Object.keys(testBackends))('%s backend against Transformers', (backendName) => {
  const opened = testBackends[backendName]!();
  const models = new Map<string, Promise<CausalLM>>();
  afterAll(async () => (await opened).dispose());

  async function modelOf(name: string): Promise<CausalLM> {
    if (!models.has(name)) models.set(name, loadModel(await opened, goldenPath('models', name)));
    return models.get(name)!;
  }

  async function expectResults(golden: Golden, Search: new (input: SearchInput) => SearchStrategy): Promise<void> {
    const model = await modelOf(golden.model);
    const search = new Search(await inputOf(golden, model.config.vocabSize));
    const results = await runSearch(model, golden.promptIds, search);
    expect(results.map(({ tokenIds }) => tokenIds)).toEqual(golden.sequences);
    for (const [i, score] of golden.scores.entries())
      expect(Math.abs(results[i]!.score! - score)).toBeLessThan(TOLERANCE);
  }

  test.each(cases.map(named))('beam search: %s', (_, golden) => expectResults(golden, BeamSearch));
  test.each(groups.map(named))('groups of beams: %s', (_, golden) => expectResults(golden, BeamSearch));
  test.each(contrastive.map(named))('contrastive search: %s', (_, golden) => expectResults(golden, ContrastiveSearch));
});

function named(golden: Golden): [string, Golden] {
  const { model, options, allowed } = golden;
  return [`${model} ${JSON.stringify({ ...options, allowed })}`, golden];
}

async function inputOf({ model, promptIds, options, allowed }: Golden, vocabSize: number): Promise<SearchInput> {
  const tokenizer = options.stopStrings && (await loadTokenizer(goldenPath('models', model)));
  return searchInput(options, {
    promptLength: promptIds.length,
    vocabSize,
    prefixAllowedTokens: allowed === undefined ? undefined : (ids) => allowedAfter(ids.at(-1)!, allowed, vocabSize),
    detokenizerFor: () => tokenizer && new Detokenizer(tokenizer, { after: promptIds, skipSpecialTokens: false }),
  });
}

function allowedAfter(last: number, modulus: number, vocabSize: number): readonly number[] {
  return Array.from({ length: vocabSize }, (_, id) => id).filter((id) => (last + id) % modulus !== 0);
}
