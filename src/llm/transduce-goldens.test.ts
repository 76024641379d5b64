import { copyFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { testBackends } from '../../test/test-backends.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

interface Golden {
  readonly model: string;
  readonly sourceIds: readonly number[];
  /** As they stand in a generation_config.json. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sequences: readonly (readonly number[])[];
  /** Where there are beams. */
  readonly scores: readonly number[] | null;
}

const { cases } = readGoldenJson<{ readonly cases: readonly Golden[] }>('search-seq2seq.json');
const TOLERANCE = 1e-4;
const folder = temporaryFolder();

/** A model with generation settings of its own. */
async function modelWith({ model, settings }: Golden): Promise<string> {
  for (const file of ['config.json', 'model.safetensors'])
    await copyFile(goldenPath('encoder-decoder', model, file), folder.path(file));
  await folder.write('generation_config.json', JSON.stringify(settings));
  return folder.path('');
}

describe.each(Object.keys(testBackends))('%s backend: targets as Transformers generates them', (device) => {
  test.each(cases.map((golden) => [`${golden.model} ${JSON.stringify(golden.settings)}`, golden] as const))(
    '%s',
    async (_, golden) => {
      const path = await modelWith(golden);
      await using llm = await LLM.load(path, { device: device as LoadOptions['device'], threads: 1 });
      expect(llm.defaults.ignored).toEqual([]);
      const { choices } = await llm.transduce(golden.sourceIds);
      expect(choices.map(({ tokenIds }) => tokenIds)).toEqual(golden.sequences);
      for (const [i, score] of (golden.scores ?? []).entries())
        expect(Math.abs(choices[i]!.score! - score)).toBeLessThan(TOLERANCE);
    },
  );
});
