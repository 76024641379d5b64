import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runCli } from '../../test/run-cli.ts';
import { testBackends } from '../../test/test-backends.ts';
import { DEVICES } from '../create-backend.ts';
import { LLM } from './llm.ts';

interface Case {
  readonly source: string;
  readonly sourceIds: readonly number[];
  readonly settings: object;
  readonly tokenIds: readonly number[];
  readonly text: string;
}

const { cases } = readGoldenJson<{ cases: readonly Case[] }>('marian-folder', 'golden.json');
const path = goldenPath('marian-folder');

describe.each(Object.keys(testBackends))("a Marian folder with SentencePiece's files, on %s", (name) => {
  let llm: LLM;
  beforeAll(async () => {
    const device = DEVICES.find((known) => name.startsWith(known))!;
    llm = await LLM.load(path, { device, ...(device === 'wasm' && { threads: 1 }) });
  });
  afterAll(() => llm.dispose());

  test('translates as Transformers does, one text after the other and all together', async () => {
    const translate = ({ source, settings }: Case) => llm.translate(source, { temperature: 0, ...settings });
    for (const one of cases) {
      const { text, tokenIds, sourceIds } = await translate(one);
      expect({ text, tokenIds, sourceIds }).toEqual({
        ...{ text: one.text, tokenIds: one.tokenIds, sourceIds: one.sourceIds },
      });
    }
    const together = await Promise.all(cases.map(translate));
    expect(together.map(({ text }) => text)).toEqual(cases.map(({ text }) => text));
  });
});

test('kvasir translate prints the same', async () => {
  const beams = cases.filter(({ settings }) => JSON.stringify(settings) === '{"num_beams":4}');
  expect(beams.length).toBeGreaterThan(3);
  const stdin = beams.map(({ source }) => `${source}\n`).join('');
  const { stdout } = await runCli(['translate', '-m', path, '--threads', '1', '-'], { stdin });
  expect(stdout).toBe(beams.map(({ text }) => `${text}\n`).join(''));
});
