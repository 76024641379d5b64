import { platform } from '#platform';
import { type Manifest, manifestLocation, readManifest } from './manifest.ts';
import { PageCache } from './page-cache.ts';
import { TokenShardError, tokenDTypeFor } from './shard-format.ts';
import type { DatasetKind } from './text-document.ts';
import { type DocumentRange, requireDocuments, requireTokens, type TokenDataset } from './token-dataset.ts';
import { openTokenShard, type TokenShard } from './token-shard.ts';

/** 16 MiB of pages. */
const CACHED_PAGES = 1024;

export interface OpenDatasetOptions {
  /**
   * Whether all bytes are read and checked when it is opened, at the speed of SHA-256; otherwise each page is checked
   * when it is first needed. False unless given.
   */
  readonly verify?: boolean | undefined;
  /** Aborts the opening; the dataset does not listen to it afterwards. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the dataset that `prepareTokenDataset` has written into a folder (a path; a URL in a browser). Throws a
 * `TokenShardError` if there is none, or if it is damaged.
 *
 * @example
 * const dataset = await openTokenDataset('data/stories');
 * console.log(dataset.numTokens, dataset.numDocuments);
 * await dataset.close();
 */
export async function openTokenDataset(folder: string, options: OpenDatasetOptions = {}): Promise<TokenDataset> {
  const found = await readManifest(folder, options);
  if (found === undefined) throw new TokenShardError(manifestLocation(folder), 'there is no such file');
  return openShards(folder, found, { ...options, onVerify: undefined });
}

export interface OpenShardsOptions extends OpenDatasetOptions {
  readonly onVerify: ((numBytes: number) => void) | undefined;
}

/** Opens the shards of a manifest that has been read. */
export async function openShards(
  folder: string,
  { manifest, sha256 }: { readonly manifest: Manifest; readonly sha256: string },
  { verify = false, signal, onVerify }: OpenShardsOptions,
): Promise<TokenDataset> {
  const cache = new PageCache(CACHED_PAGES);
  const shards: TokenShard[] = [];
  try {
    for (const { name, ...expected } of manifest.shards) {
      signal?.throwIfAborted();
      const shard = await openTokenShard({ location: platform.join(folder, name), ...expected }, cache);
      shards.push(shard);
      requireVocabulary(shard, manifest.vocabSize);
      if (verify) await verifyShard(shard, signal, onVerify);
    }
    return new ShardedDataset(manifest, sha256, shards, cache);
  } catch (error) {
    for (const shard of shards) await shard.close();
    throw error;
  }
}

function verifyShard(
  shard: TokenShard,
  signal: AbortSignal | undefined,
  onVerify: OpenShardsOptions['onVerify'],
): Promise<void> {
  return shard.verify((numBytes) => {
    signal?.throwIfAborted();
    onVerify?.(numBytes);
  });
}

function requireVocabulary({ location, description }: TokenShard, vocabSize: number): void {
  const wanted = tokenDTypeFor(vocabSize);
  if (description.dtype !== wanted)
    throw new TokenShardError(
      location,
      `its tokens are ${description.dtype}, wanted ${wanted} for a vocabulary of ${vocabSize}`,
    );
}

class ShardedDataset implements TokenDataset {
  readonly kind: DatasetKind;
  readonly vocabSize: number;
  readonly numTokens: number;
  readonly numDocuments: number;
  readonly fingerprint: string;
  readonly #tokensPerShard: number;
  readonly #shards: readonly TokenShard[];
  /** The number of the first document of each shard, and of all. */
  readonly #firstDocuments: readonly number[];
  readonly #cache: PageCache;
  #isClosed = false;

  constructor(manifest: Manifest, fingerprint: string, shards: readonly TokenShard[], cache: PageCache) {
    this.kind = manifest.kind;
    this.vocabSize = manifest.vocabSize;
    this.fingerprint = fingerprint;
    this.#tokensPerShard = manifest.tokensPerShard;
    this.#shards = shards;
    this.#cache = cache;
    const firstDocuments = [0];
    for (const { description } of shards) firstDocuments.push(firstDocuments.at(-1)! + description.numDocuments);
    this.#firstDocuments = firstDocuments;
    this.numDocuments = firstDocuments.at(-1)!;
    this.numTokens = shards.reduce((sum, { description }) => sum + description.numTokens, 0);
  }

  async readTokens(target: Int32Array, start: number): Promise<void> {
    requireTokens(start, start + target.length, this.numTokens);
    this.#requireOpen();
    for (let filled = 0; filled < target.length; ) {
      const position = start + filled;
      const index = Math.floor(position / this.#tokensPerShard);
      const room = (index + 1) * this.#tokensPerShard - position;
      const part = target.subarray(filled, filled + room);
      await this.#shards[index]!.readTokens(part, position - index * this.#tokensPerShard);
      this.#requireKnown(part, index);
      filled += part.length;
    }
  }

  async readDocuments(first: number, count: number): Promise<readonly DocumentRange[]> {
    requireDocuments(first, first + count, this.numDocuments);
    this.#requireOpen();
    if (count === 0) return [];
    const isLast = first + count === this.numDocuments;
    const entries = await this.#readEntries(first, isLast ? count : count + 1);
    if (isLast) entries.push({ start: this.numTokens, promptLength: 0 });
    return Array.from({ length: count }, (_, i) => {
      const { start, promptLength } = entries[i]!;
      const length = entries[i + 1]!.start - start;
      if (length <= promptLength) {
        const { location } = this.#shards[this.#shardOf(first + i)]!;
        throw new TokenShardError(
          location,
          `document ${first + i} has ${length} tokens after ${promptLength} of prompt`,
        );
      }
      return { start, length, promptLength };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cache.clear();
    for (const shard of this.#shards) await shard.close();
  }

  async #readEntries(first: number, count: number): Promise<Pick<DocumentRange, 'start' | 'promptLength'>[]> {
    const entries: Pick<DocumentRange, 'start' | 'promptLength'>[] = [];
    for (let index = this.#shardOf(first); entries.length < count; index++) {
      const from = first + entries.length - this.#firstDocuments[index]!;
      const room = this.#firstDocuments[index + 1]! - this.#firstDocuments[index]! - from;
      const values = await this.#shards[index]!.readDocuments(from, Math.min(room, count - entries.length));
      for (let i = 0; i < values.length; i += 2)
        entries.push({ start: index * this.#tokensPerShard + values[i]!, promptLength: values[i + 1]! });
    }
    return entries;
  }

  /** The shard in which a document begins. */
  #shardOf(document: number): number {
    let [low, high] = [0, this.#shards.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firstDocuments[middle]! <= document) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A checksum guards against damage, not against forgery. */
  #requireKnown(tokens: Int32Array, index: number): void {
    const foreign = tokens.find((token) => token < 0 || token >= this.vocabSize);
    if (foreign === undefined) return;
    const problem = `it has token ${foreign >>> 0}, wanted less than ${this.vocabSize}`;
    throw new TokenShardError(this.#shards[index]!.location, problem);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('Cannot read tokens: the dataset is closed');
  }
}
