import { appendFile, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { tokensOf } from '../../test/token-documents.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { ByteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { documentBatches } from './document-batches.ts';
import { type PrepareOptions, prepareTokenDataset } from './prepare-token-dataset.ts';
import { TokenShardError } from './shard-format.ts';
import { openTokenDataset } from './sharded-dataset.ts';
import type { TextDocument } from './text-document.ts';
import type { TokenDataset } from './token-dataset.ts';
import { tokenizeInMemory } from './tokenize-in-memory.ts';
import type { TokenizeProgress } from './tokenize-sources.ts';

const folder = temporaryFolder();
const tokenizer = new ByteTokenizer();

/** Prepares texts and closes what comes of it; says whether they had to be tokenised. */
async function prepare(options: Partial<PrepareOptions> & Pick<PrepareOptions, 'sources'>) {
  let wasTokenized = false;
  const onProgress = ({ phase }: TokenizeProgress) => {
    wasTokenized ||= phase === 'tokenize';
  };
  const dataset = await prepareTokenDataset({ folder: folder.path('shards'), tokenizer, onProgress, ...options });
  await dataset.close();
  return { wasTokenized, dataset };
}

async function contentOf(dataset: TokenDataset) {
  const { kind, vocabSize, numTokens, numDocuments } = dataset;
  const documents = await dataset.readDocuments(0, numDocuments);
  return { kind, vocabSize, numTokens, numDocuments, documents, tokens: await tokensOf(dataset) };
}

const text = fc.string({ minLength: 1, maxLength: 30 });
const someDocuments = fc.oneof(
  fc.array(fc.oneof(fc.record({ text }), fc.record({ prompt: text, completion: text })), {
    minLength: 1,
    maxLength: 20,
  }),
  fc.array(fc.record({ source: text, target: text }), { minLength: 1, maxLength: 20 }),
);

test('shards of any size read back as what is in memory', async () => {
  await fc.assert(
    fc.asyncProperty(someDocuments, fc.integer({ min: 15, max: 300 }), async (documents, tokensPerShard) => {
      const sources = [{ format: 'documents', documents: documents as TextDocument[] }] as const;
      const options = { folder: folder.path('shards'), sources, tokenizer, tokensPerShard };
      const dataset = await prepareTokenDataset(options);
      const wanted = await tokenizeInMemory({ sources, tokenizer });
      expect(await contentOf(dataset)).toEqual(await contentOf(wanted));
      await dataset.close();
    }),
    { numRuns: 25 },
  );
});

test('tokens and documents are read by range, over pages and shards', async () => {
  const documents = Array.from({ length: 2000 }, (_, i) => ({ text: `document number ${i}`.repeat((i % 5) + 1) }));
  const sources = [{ format: 'documents', documents }] as const;
  const options = { folder: folder.path('shards'), sources, tokenizer, tokensPerShard: 30_000 };
  const [dataset, wanted] = [await prepareTokenDataset(options), await tokenizeInMemory({ sources, tokenizer })];
  const ranges = fc.tuple(fc.nat(dataset.numTokens), fc.nat(10_000));
  await fc.assert(
    fc.asyncProperty(ranges, async ([start, length]) => {
      const size = Math.min(length, dataset.numTokens - start);
      const [got, expected] = [new Int32Array(size), new Int32Array(size)];
      await Promise.all([dataset.readTokens(got, start), wanted.readTokens(expected, start)]);
      expect(Buffer.from(got.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }),
  );
  for (const first of [0, 777, 1999])
    expect(await dataset.readDocuments(first, 1)).toEqual(await wanted.readDocuments(first, 1));
  await expect(dataset.readTokens(new Int32Array(2), dataset.numTokens - 1)).rejects.toThrow(RangeError);
  await expect(dataset.readDocuments(1999, 2)).rejects.toThrow(
    new RangeError('Cannot read documents 1999 to 2001: the dataset has 2000'),
  );
  await dataset.close();
  await expect(dataset.readTokens(new Int32Array(1), 0)).rejects.toThrow('the dataset is closed');
});

test('batches of shards are those of memory, also after the signal of the preparation has aborted', async () => {
  const documents = Array.from({ length: 300 }, (_, i) => ({ text: `document number ${i}`.repeat((i % 5) + 1) }));
  const sources = [{ format: 'documents', documents }] as const;
  const controller = new AbortController();
  const { signal } = controller;
  const options = { folder: folder.path('shards'), sources, tokenizer, tokensPerShard: 1000, signal };
  const [dataset, wanted] = [await prepareTokenDataset(options), await tokenizeInMemory({ sources, tokenizer })];
  controller.abort();
  const settings = { contextLength: 50, batchSize: 4, seed: 1 };
  const [loader, expected] = [await documentBatches(dataset, settings), await documentBatches(wanted, settings)];
  expect(loader.batchesPerEpoch).toBe(expected.batchesPerEpoch);
  for (let n = 0; n < loader.batchesPerEpoch! + 5; n++) expect(await loader.batch(n)).toEqual(await expected.batch(n));
  await dataset.close();
});

test('shards are made once for the same sources and the same tokenizer', async () => {
  const path = await folder.write('a.txt', 'once upon a time');
  const sources = [path];
  expect((await prepare({ sources })).wasTokenized).toBe(true);
  expect((await prepare({ sources })).wasTokenized).toBe(false);
  expect((await prepare({ sources, endTokenId: 'none' })).wasTokenized).toBe(true);
  expect((await prepare({ sources })).wasTokenized).toBe(true);
  const other: ByteTokenizer = Object.create(tokenizer, { idToToken: { value: () => 'x' } });
  expect((await prepare({ sources, tokenizer: other })).wasTokenized).toBe(true);
  expect((await prepare({ sources })).wasTokenized).toBe(true);
  await utimes(path, 1, 1);
  expect((await prepare({ sources })).wasTokenized).toBe(true);
  await folder.write('a.txt', 'twice');
  const { dataset } = await prepare({ sources });
  expect(dataset.numTokens).toBe(7);
});

test('a smaller dataset leaves no shards of a larger one behind', async () => {
  await prepare({ sources: [await folder.write('a.txt', 'x'.repeat(100))], tokensPerShard: 10 });
  expect(await readdir(folder.path('shards'))).toHaveLength(12);
  await prepare({ sources: [await folder.write('b.txt', 'x')], tokensPerShard: 10 });
  expect(await readdir(folder.path('shards'))).toEqual(['manifest.json', 'tokens-00000.safetensors']);
});

test('what cannot be read leaves no dataset, and nothing half written', async () => {
  const good = await folder.write('a.txt', 'x'.repeat(100));
  await prepare({ sources: [good], tokensPerShard: 10 });
  const bad = await folder.write('b.jsonl', '{"text": "a"}\n{');
  await expect(prepare({ sources: [good, bad], tokensPerShard: 10 })).rejects.toThrow(`Cannot read ${bad}, line 2`);
  expect(await readdir(folder.path('shards'))).toEqual([]);
  await expect(openTokenDataset(folder.path('shards'))).rejects.toThrow('manifest.json: there is no such file');
  await expect(prepare({ sources: [folder.path('none.txt')] })).rejects.toThrow('none.txt: there is no such file');
});

test('an abort leaves no dataset, and nothing half written', async () => {
  const sources = [await folder.write('a.txt', 'word '.repeat(600_000))];
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = () => controller.abort(new Error('enough'));
  await expect(prepare({ sources, signal, onProgress, tokensPerShard: 100_000 })).rejects.toThrow('enough');
  expect(await readdir(folder.path('shards'))).toEqual([]);
});

test('a source that changes while it is read is an error', async () => {
  const path = await folder.write('a.txt', 'x'.repeat(1.5e6));
  let change: Promise<void> | undefined;
  const onProgress = () => {
    change ??= appendFile(path, 'y');
  };
  await expect(prepare({ sources: [path], onProgress })).rejects.toThrow(
    `source 0, ${path}, changed while it was read`,
  );
  await change;
  expect(await readdir(folder.path('shards'))).toEqual([]);
});

test('progress goes from nothing to all', async () => {
  const path = await folder.write('a.txt', 'x'.repeat(2.5e6));
  const seen: TokenizeProgress[] = [];
  await prepare({ sources: [path], onProgress: (progress) => seen.push(progress) });
  expect(seen.map(({ bytes }) => bytes)).toEqual([2 ** 20, 2 ** 21, 2.5e6]);
  expect(seen.at(-1)).toMatchObject({ phase: 'tokenize', totalBytes: 2.5e6, numDocuments: 1 });
  seen.length = 0;
  await prepare({ sources: [path], onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toEqual({
    phase: 'verify',
    bytes: 5_000_012,
    totalBytes: 5_000_012,
    numTokens: 2_500_002,
    numDocuments: 1,
  });
});

test('options that cannot be are refused', async () => {
  const sources = [{ format: 'documents', documents: [{ text: 'a' }] }] as const;
  await expect(prepare({ sources: [] })).rejects.toThrow('sources is empty or missing, wanted a list of at least one');
  await expect(prepare({ sources, tokensPerShard: 0 })).rejects.toThrow('tokensPerShard is 0, wanted a whole number');
  await expect(prepare({ sources, tokensPerShards: 9 } as never)).rejects.toThrow(
    'unknown option "tokensPerShards", did you mean "tokensPerShard"?',
  );
});

/** A folder with three small shards. */
async function threeShards() {
  const documents = Array.from({ length: 6 }, (_, i) => ({ prompt: `what is ${i}?`, completion: `${i}` }));
  const sources = [{ format: 'documents', documents }] as const;
  const options = { folder: folder.path('shards'), sources, tokenizer, tokensPerShard: 40 };
  const dataset = await prepareTokenDataset(options);
  const content = await contentOf(dataset);
  await dataset.close();
  return { options, content };
}

/** Opens and reads everything. */
async function readAll(): Promise<unknown> {
  const dataset = await openTokenDataset(folder.path('shards'));
  try {
    return await contentOf(dataset);
  } finally {
    await dataset.close();
  }
}

test('any change of a byte of a shard is refused, and mended by preparing again', async () => {
  const { options, content } = await threeShards();
  const name = folder.path('shards/tokens-00001.safetensors');
  const whole = await readFile(name);
  const change = fc.record({ at: fc.nat(whole.length - 1), mask: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, mask }) => {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= mask;
      await writeFile(name, damaged);
      await expect(readAll()).rejects.toThrow(TokenShardError);
      await expect(openTokenDataset(folder.path('shards'), { verify: true })).rejects.toThrow(TokenShardError);
    }),
    { numRuns: 300 },
  );
  await (await prepareTokenDataset(options)).close();
  expect(await readAll()).toEqual(content);
});

test('a shard that is cut, longer, gone, empty, of another place or of something else is refused', async () => {
  const { options, content } = await threeShards();
  const name = folder.path('shards/tokens-00001.safetensors');
  const whole = await readFile(name);
  const others = [
    [whole.subarray(0, 500), 'it has 500 bytes, wanted at least 1024 of a shard'],
    [whole.subarray(0, -1), 'it is damaged ('],
    [Buffer.concat([whole, Buffer.alloc(1)]), 'it is damaged ('],
    [await readFile(folder.path('shards/tokens-00000.safetensors')), 'it is another shard: it has 40 tokens in'],
    [new Uint8Array(2000), 'its header has 0 bytes, wanted 1016 of a shard of tokens'],
  ] as const;
  for (const [bytes, wanted] of others) {
    await writeFile(name, bytes);
    await expect(readAll()).rejects.toThrow(`Cannot read ${name}: ${wanted}`);
    await (await prepareTokenDataset(options)).close();
    expect(await readAll()).toEqual(content);
  }
});

test('any change of the manifest is refused or means nothing', async () => {
  const { content } = await threeShards();
  const name = folder.path('shards/manifest.json');
  const whole = await readFile(name);
  const change = fc.record({ at: fc.nat(whole.length - 1), mask: fc.integer({ min: 1, max: 127 }) });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, mask }) => {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= mask;
      await writeFile(name, damaged);
      const result = await readAll().catch((error: unknown) => error);
      // White space may become other white space.
      if (!(result instanceof TokenShardError)) expect(result).toEqual(content);
    }),
    { numRuns: 300 },
  );
});

test('a shard is a safetensors file that takes two bytes a token', async () => {
  const path = await folder.write('a.txt', 'ab'.repeat(5e4));
  await prepare({ sources: [path] });
  const shard = folder.path('shards/tokens-00000.safetensors');
  expect((await stat(shard)).size).toBe(1024 + 2 * 100_002 + 8 + 32 * 13);
  const weights = await openSafetensors(shard);
  const shapes = [...weights.tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  expect(shapes).toEqual([
    { name: 'tokens', dtype: 'uint16', shape: [100_002] },
    { name: 'documents', dtype: 'uint32', shape: [1, 2] },
    { name: 'checksums', dtype: 'uint8', shape: [13, 32] },
  ]);
  const start = new Uint16Array(4);
  await weights.read('tokens', new Uint8Array(start.buffer), 0);
  expect([...start]).toEqual([256, 97, 98, 97]);
  await weights.close();
});
