import { platform } from '#platform';
import { sha256 } from '../base/sha256.ts';
import type { ReadableFile } from '../platform/platform.ts';
import type { PageCache } from './page-cache.ts';
import {
  CHECKSUM_BYTES,
  encodeShardHeader,
  HEADER_BYTES,
  numDataBytes,
  PAGE_BYTES,
  parseShardHeader,
  type ShardDescription,
  TOKEN_BYTES,
  TokenShardError,
} from './shard-format.ts';

/** What a manifest says of a shard. */
export interface ExpectedShard {
  readonly location: string;
  readonly numTokens: number;
  readonly numDocuments: number;
  readonly sha256: string;
}

/** A shard that is open: header and checksums are known to be whole, pages are checked when they are read. */
export class TokenShard {
  readonly location: string;
  readonly description: ShardDescription;
  readonly #file: ReadableFile;
  readonly #checksums: Uint8Array;
  readonly #cache: PageCache;

  constructor(file: ReadableFile, description: ShardDescription, checksums: Uint8Array, cache: PageCache) {
    this.location = file.location;
    this.description = description;
    this.#file = file;
    this.#checksums = checksums;
    this.#cache = cache;
  }

  /** Fills `target` with tokens from number `start` of the shard on. */
  async readTokens(target: Int32Array, start: number): Promise<void> {
    const { dtype } = this.description;
    const bytes = new Uint8Array(target.length * TOKEN_BYTES[dtype]);
    await this.#read(bytes, start * TOKEN_BYTES[dtype]);
    target.set(dtype === 'uint16' ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer));
  }

  /** Start and length of the prompt of `count` documents from number `first` of the shard on. (count · 2) */
  async readDocuments(first: number, count: number): Promise<Uint32Array> {
    const { dtype, numTokens } = this.description;
    const entries = new Uint32Array(count * 2);
    await this.#read(new Uint8Array(entries.buffer), numTokens * TOKEN_BYTES[dtype] + first * 8);
    return entries;
  }

  /** Reads and checks every page. Throws a `TokenShardError` for one that is damaged. */
  async verify(onPage: (numBytes: number) => void): Promise<void> {
    for (let page = 0; page * CHECKSUM_BYTES < this.#checksums.length; page++) {
      const { length } = await this.#readPage(page);
      onPage(length);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #read(target: Uint8Array, offset: number): Promise<void> {
    const [first, end] = [Math.floor(offset / PAGE_BYTES), Math.ceil((offset + target.length) / PAGE_BYTES)];
    for (let page = first; page < end; page++) {
      const bytes = await this.#cache.get(`${page} ${this.location}`, () => this.#readPage(page));
      const from = Math.max(offset - page * PAGE_BYTES, 0);
      const to = Math.min(offset + target.length - page * PAGE_BYTES, PAGE_BYTES);
      target.set(bytes.subarray(from, to), page * PAGE_BYTES + from - offset);
    }
  }

  async #readPage(page: number): Promise<Uint8Array> {
    const start = page * PAGE_BYTES;
    const bytes = new Uint8Array(Math.min(PAGE_BYTES, numDataBytes(this.description) - start));
    await readOrRefuse(this.#file, bytes, HEADER_BYTES + start);
    const wanted = this.#checksums.subarray(page * CHECKSUM_BYTES, (page + 1) * CHECKSUM_BYTES);
    if (!isSame(await sha256(bytes), wanted)) {
      const place = `bytes ${HEADER_BYTES + start} to ${HEADER_BYTES + start + bytes.length}`;
      throw new TokenShardError(this.location, `it is damaged: ${place} do not have their checksum`);
    }
    return bytes;
  }
}

/** Opens a shard. Throws a `TokenShardError` unless it is the one that is expected, and its header and checksums are whole. */
export async function openTokenShard(expected: ExpectedShard, cache: PageCache): Promise<TokenShard> {
  const { location } = expected;
  if (!(await platform.isFile(location))) throw new TokenShardError(location, 'there is no such file');
  const file = await platform.openFile(location);
  try {
    if (file.size < HEADER_BYTES)
      throw new TokenShardError(location, `it has ${file.size} bytes, wanted at least ${HEADER_BYTES} of a shard`);
    const header = new Uint8Array(HEADER_BYTES);
    await readOrRefuse(file, header, 0);
    const description = parseShardHeader(header, file.size, location);
    const checksums = await readChecksums(file, description);
    await requireExpected(expected, { header, description, checksums });
    return new TokenShard(file, description, checksums, cache);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readChecksums(file: ReadableFile, description: ShardDescription): Promise<Uint8Array> {
  const start = HEADER_BYTES + numDataBytes(description);
  const wanted = Math.ceil(numDataBytes(description) / PAGE_BYTES) * CHECKSUM_BYTES;
  if (file.size - start !== wanted) {
    const got = `${file.size - start} bytes after its documents`;
    throw new TokenShardError(file.location, `it has ${got}, wanted ${wanted} of checksums`);
  }
  const checksums = new Uint8Array(wanted);
  await readOrRefuse(file, checksums, start);
  return checksums;
}

interface ReadShard {
  readonly header: Uint8Array;
  readonly description: ShardDescription;
  readonly checksums: Uint8Array;
}

async function requireExpected(expected: ExpectedShard, { header, description, checksums }: ReadShard): Promise<void> {
  const { location, numTokens, numDocuments } = expected;
  const wanted = await encodeShardHeader(description, checksums);
  if (!isSame(header, wanted.header))
    throw new TokenShardError(location, 'it is damaged: its checksum is not that of its header and checksums');
  if (wanted.sha256 === expected.sha256) return;
  const got = `${description.numTokens} tokens in ${description.numDocuments} documents`;
  throw new TokenShardError(
    location,
    `it is another shard: it has ${got}, wanted the ${numTokens} in ${numDocuments} that manifest.json names`,
  );
}

async function readOrRefuse(file: ReadableFile, target: Uint8Array, offset: number): Promise<void> {
  try {
    await file.read(target, offset);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new TokenShardError(file.location, `it has been cut short (${cause.message})`, { cause });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
