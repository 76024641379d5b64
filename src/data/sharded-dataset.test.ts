import { mkdir } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { EncodedPiece } from './encode-documents.ts';
import { type Manifest, writeManifest } from './manifest.ts';
import { type TokenDType, TokenShardError } from './shard-format.ts';
import { openTokenDataset } from './sharded-dataset.ts';
import { writeShards } from './write-shards.ts';

const folder = temporaryFolder();
beforeEach(() => mkdir(folder.path('shards')));

const large = { dtype: 'uint32', vocabSize: 70_000 } as const;
const small = { dtype: 'uint16', vocabSize: 300 } as const;

interface Forgery extends Partial<Manifest> {
  readonly dtype: TokenDType;
  readonly vocabSize: number;
  readonly promptLength?: number;
  readonly tokenIds?: readonly number[];
}

/** Writes a dataset whose checksums are right, whatever is in it. */
async function forge({ dtype, promptLength = 0, tokenIds = [1, 2, 3, 4], ...manifest }: Forgery) {
  async function* pieces(): AsyncGenerator<EncodedPiece> {
    for (let i = 0; i < 2; i++) yield { kind: 'text', tokenIds, promptLength, isFirst: true };
  }
  const folderPath = folder.path('shards');
  const options = { folder: folderPath, dtype, tokenizer: 'x', tokensPerShard: 5 };
  const shards = await writeShards(pieces(), options);
  await writeManifest(folderPath, { kind: 'text', tokensPerShard: 5, madeOf: {}, shards, ...manifest });
  return openTokenDataset(folderPath);
}

test.each([large, small])('tokens of %o go over shards', async (kind) => {
  const dataset = await forge(kind);
  const tokens = new Int32Array(8);
  await dataset.readTokens(tokens, 0);
  expect([...tokens]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  expect(await dataset.readDocuments(1, 1)).toEqual([{ start: 4, length: 4, promptLength: 0 }]);
  await dataset.close();
});

test.each([
  { ...small, tokenIds: [1, 300] },
  { ...large, tokenIds: [1, 2 ** 32 - 1] },
])('tokens outside the vocabulary are refused when they are read: %o', async (kind) => {
  const dataset = await forge(kind);
  await expect(dataset.readTokens(new Int32Array(4), 0)).rejects.toThrow(
    new TokenShardError(
      folder.path('shards/tokens-00000.safetensors'),
      `it has token ${kind.tokenIds[1]}, wanted less than ${kind.vocabSize}`,
    ),
  );
  await dataset.close();
});

test('a prompt that is longer than its document is refused when it is read', async () => {
  const dataset = await forge({ ...small, promptLength: 4 });
  await expect(dataset.readDocuments(0, 2)).rejects.toThrow('document 0 has 4 tokens after 4 of prompt');
  await dataset.close();
});

test.each([
  [{ ...small, vocabSize: 70_000 }, 'its tokens are uint16, wanted uint32 for a vocabulary of 70000'],
  [{ ...small, tokensPerShard: 4 }, 'manifest.json: its values do not go together'],
  [{ ...small, tokensPerShard: 6 }, 'manifest.json: its values do not go together'],
  [{ ...small, shards: [] }, 'manifest.json: its values do not go together'],
  [{ ...small, kind: 'words' as never }, 'manifest.json: its values do not go together'],
  [
    { ...small, shards: [{ name: '../x', numTokens: 5, numDocuments: 2, sha256: '' }] },
    'its values do not go together',
  ],
])('a manifest that does not fit is refused: %o', async (forgery, wanted) => {
  await expect(forge(forgery)).rejects.toThrow(wanted);
  await expect(forge(forgery)).rejects.toThrow(TokenShardError);
});

test('a folder without a manifest, or with another one, is refused', async () => {
  const path = folder.path('shards');
  await expect(openTokenDataset(path)).rejects.toThrow('manifest.json: there is no such file');
  for (const [text, wanted] of [
    ['{', 'it is not valid JSON ('],
    ['[]', 'it is no manifest of a dataset of tokens'],
    ['{"format": "other"}', 'it is no manifest of a dataset of tokens'],
    ['{"format": "kvasir-tokens", "version": 9}', 'its version is 9, wanted 1'],
    ['{"format": "kvasir-tokens", "version": 1}', 'it is damaged: its checksum is not that of its content'],
  ] as const) {
    await folder.write('shards/manifest.json', text);
    await expect(openTokenDataset(path)).rejects.toThrow(wanted);
  }
});
