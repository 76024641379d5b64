import { platform } from '#platform';
import { type Manifest, manifestLocation, readManifest, writeManifest } from './manifest.ts';
import { sourceName } from './read-documents.ts';
import { MAX_SHARD_TOKENS, numDataBytes, TokenShardError, tokenDTypeFor } from './shard-format.ts';
import { openShards, openTokenDataset } from './sharded-dataset.ts';
import { identifySources } from './source-identity.ts';
import type { TextSource } from './text-source.ts';
import type { TokenDataset } from './token-dataset.ts';
import {
  checkTokenizeOptions,
  SourceTokenizer,
  TOKENIZE_OPTION_NAMES,
  type TokenizeOptions,
} from './tokenize-sources.ts';
import { tokenizerFingerprint } from './tokenizer-fingerprint.ts';
import { shardName, type WrittenShard, writeShards } from './write-shards.ts';

export interface PrepareOptions extends TokenizeOptions {
  /** Where the shards are, or will be. It is made if it is not there. */
  readonly folder: string;
  /** Tokens of a shard, 2 or 4 bytes each; 2^26 unless given. */
  readonly tokensPerShard?: number | undefined;
}

const KNOWN = [
  ...TOKENIZE_OPTION_NAMES,
  'folder',
  'tokensPerShard',
] as const satisfies readonly (keyof PrepareOptions)[];

/**
 * Tokenises texts into shards on disk, or opens those that are there, if they were made of the same sources (by path,
 * size and time of change) with the same tokenizer and options and every byte of them is as it was written. Damaged or
 * other shards are made anew. Memory does not grow with the data.
 *
 * Throws a `TypeError`, `RangeError` or `SyntaxError` that names file and line for what cannot be read, and an `Error` for
 * a file that is not there, that changes meanwhile, or where nothing can be written; then the folder has no dataset.
 *
 * @example
 * const dataset = await prepareTokenDataset({ folder: 'data/stories', sources: ['stories.jsonl'], tokenizer });
 * const loader = await documentBatches(dataset, { contextLength: 256, batchSize: 16, seed: 1 });
 */
export async function prepareTokenDataset(options: PrepareOptions): Promise<TokenDataset> {
  const sources = checkTokenizeOptions(options, KNOWN);
  const { folder, signal } = options;
  const tokensPerShard = checkTokensPerShard(options.tokensPerShard ?? 2 ** 26);
  const tokenizer = new SourceTokenizer(sources, options);
  const { identities, totalBytes } = await identifySources(sources);
  const fingerprint = await tokenizerFingerprint(options.tokenizer);
  const ofSources = await sourceFingerprint(options);
  const madeOf = {
    sources: identities,
    tokenizer: fingerprint,
    ...ofSources,
    marks: tokenizer.settings,
    tokensPerShard,
  };
  const found = await openIfMadeOf(madeOf, options);
  if (found !== undefined) return found;

  await platform.makeDirectory(folder);
  await platform.remove(manifestLocation(folder));
  await removeShards(folder);
  const { vocabSize } = tokenizer;
  const dtype = tokenDTypeFor(vocabSize);
  const pieces = tokenizer.pieces(totalBytes);
  const shards = await writeShards(pieces, { folder, dtype, tokenizer: fingerprint, tokensPerShard, signal });
  try {
    await requireUnchanged(sources, identities);
    await writeManifest(folder, { kind: tokenizer.kind, vocabSize, tokensPerShard, madeOf, shards });
  } catch (error) {
    await removeShards(folder);
    throw error;
  }
  return openTokenDataset(folder);
}

/** Of the tokenizer that sources have to themselves, if they do. */
async function sourceFingerprint({ pairs, tokenizer }: PrepareOptions): Promise<object> {
  if (pairs === undefined || pairs.tokenizer.source === tokenizer) return {};
  return { sourceTokenizer: await tokenizerFingerprint(pairs.tokenizer.source) };
}

function checkTokensPerShard(value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value < MAX_SHARD_TOKENS) return value;
  throw new RangeError(
    `Cannot prepare a dataset: tokensPerShard is ${value}, wanted a whole number from 1 to ${MAX_SHARD_TOKENS - 1}`,
  );
}

async function openIfMadeOf(madeOf: object, options: PrepareOptions): Promise<TokenDataset | undefined> {
  const { folder, signal, onProgress } = options;
  try {
    const found = await readManifest(folder, { signal });
    if (found === undefined || JSON.stringify(found.manifest.madeOf) !== JSON.stringify(madeOf)) return undefined;
    return await openShards(folder, found, { verify: true, signal, onVerify: reportTo(onProgress, found.manifest) });
  } catch (error) {
    if (error instanceof TokenShardError) return undefined;
    throw error;
  }
}

/** Says how many bytes of all shards have been verified. */
function reportTo(onProgress: PrepareOptions['onProgress'], { shards, vocabSize }: Manifest) {
  const sum = (count: (shard: WrittenShard) => number) => shards.reduce((all, shard) => all + count(shard), 0);
  const dtype = tokenDTypeFor(vocabSize);
  const totals = {
    totalBytes: sum((shard) => numDataBytes({ dtype, ...shard })),
    numTokens: sum((shard) => shard.numTokens),
    numDocuments: sum((shard) => shard.numDocuments),
  };
  let bytes = 0;
  return (numBytes: number) => {
    bytes += numBytes;
    onProgress?.({ phase: 'verify', bytes, ...totals });
  };
}

/** Tokens of a file that was being written would pass for those of the whole. */
async function requireUnchanged(sources: readonly TextSource[], before: readonly object[]): Promise<void> {
  const { identities } = await identifySources(sources);
  for (const [i, identity] of identities.entries())
    if (JSON.stringify(identity) !== JSON.stringify(before[i]))
      throw new Error(`Cannot prepare a dataset: source ${i}, ${sourceName(sources[i]!)}, changed while it was read`);
}

async function removeShards(folder: string): Promise<void> {
  for (let index = 0; ; index++) {
    const location = platform.join(folder, shardName(index));
    if (!(await platform.isFile(location))) return;
    await platform.remove(location);
  }
}
