import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenJson } from '../../../test/goldens.ts';
import { nmtCharsmap, sentencePieceFile } from '../../../test/goldens-sentence-piece.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { loadTokenizer } from '../load-tokenizer.ts';
import { loadSourceTargetTokenizer } from './load-source-target-tokenizer.ts';

/** What Transformers says of the same files. */
interface Golden {
  /** SentencePiece models by the names that the files have in the folder. */
  readonly models: Readonly<Record<string, string>>;
  readonly languages: { readonly from?: string; readonly to?: string };
  readonly texts: readonly {
    readonly text: string;
    /** Without what stands around. */
    readonly ids: readonly number[];
    /** If the target's vocabulary has others. */
    readonly targetIds?: readonly number[];
    /** With what stands around, of some texts. */
    readonly source?: readonly number[];
    readonly target?: readonly number[];
    readonly decoded: string;
  }[];
}

const { path } = temporaryFolder();

describe.each(goldenNames('source-target'))('%s', (name) => {
  const golden = readGoldenJson<Golden>('source-target', name, 'golden.json');
  const { from, to } = golden.languages;

  test('encodes and decodes as Transformers', async () => {
    const folder = path(name);
    await writeFolder(folder, name, golden);
    const tokenizer = (await loadTokenizer(folder))!;
    const both = (await loadSourceTargetTokenizer(folder))!;
    for (const { text, ids, targetIds = ids, source, target, decoded } of golden.texts) {
      expect(tokenizer.encode(text, { addSpecialTokens: false }), text).toEqual(ids);
      expect(both.target.encode(text, { addSpecialTokens: false }), text).toEqual(targetIds);
      if (!text.startsWith('>>')) expect(both.decode(targetIds).trim(), text).toBe(decoded.trim());
      if (source !== undefined && name !== 'marian')
        expect(both.encodeSource(text, { from, to }), text).toEqual(source);
      if (target !== undefined) expect(both.encodeTarget(text, { to }), text).toEqual(target);
    }
  });
});

test('Marian reads a language that begins a text, and writes one that is asked for', async () => {
  const golden = readGoldenJson<Golden>('source-target', 'marian', 'golden.json');
  const folder = path('marian');
  await writeFolder(folder, 'marian', golden);
  const both = (await loadSourceTargetTokenizer(folder))!;
  expect(both.languages).toEqual(['fra', 'zho']);
  const fra = both.languageId('fra');
  for (const { text, source } of golden.texts) {
    if (source === undefined) continue;
    expect(both.source.encode(text), text).toEqual(source);
    const isTold = both.languages.some((code) => text.startsWith(`>>${code}<<`));
    expect(both.encodeSource(text, isTold ? {} : { to: 'fra' }), text).toEqual(isTold ? source : [fra, ...source]);
  }
});

/** A folder as models have it: the map of characters, which the goldens share, is put back. */
async function writeFolder(folder: string, name: string, { models }: Golden): Promise<void> {
  await cp(goldenPath('source-target', name), folder, { recursive: true });
  for (const [file, model] of Object.entries(models))
    await writeFile(join(folder, file), sentencePieceFile(model, true));
  const path = join(folder, 'tokenizer.json');
  const json = await readFile(path, 'utf8').catch(() => undefined);
  if (json === undefined) return;
  const map = Buffer.from(nmtCharsmap()).toString('base64');
  await writeFile(path, json.replace('"precompiled_charsmap": "nmt_nfkc"', `"precompiled_charsmap": "${map}"`));
}
