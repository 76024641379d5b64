import { platform } from '#platform';
import { sha256 } from '../base/sha256.ts';
import type { WritableFile } from '../platform/platform.ts';
import type { EncodedPiece } from './encode-documents.ts';
import { CHECKSUM_BYTES, encodeShardHeader, HEADER_BYTES, PAGE_BYTES, type TokenDType } from './shard-format.ts';

/** A shard that has been written. */
export interface WrittenShard {
  readonly name: string;
  readonly numTokens: number;
  readonly numDocuments: number;
  readonly sha256: string;
}

export interface WriteShardsOptions {
  readonly folder: string;
  readonly dtype: TokenDType;
  /** The fingerprint of the tokenizer. */
  readonly tokenizer: string;
  /** Each shard but the last has so many. */
  readonly tokensPerShard: number;
  readonly signal?: AbortSignal | undefined;
}

/** The file name of shard number `index`. */
export function shardName(index: number): string {
  return `tokens-${String(index).padStart(5, '0')}.safetensors`;
}

/** Writes tokens into shards as they come; each shard is whole or not there. If anything fails, all of them are removed. */
export async function writeShards(
  pieces: AsyncIterator<EncodedPiece>,
  options: WriteShardsOptions,
): Promise<readonly WrittenShard[]> {
  const shards: WrittenShard[] = [];
  const input = new PieceInput(pieces);
  try {
    while (await input.hasMore()) shards.push(await writeShard(shardName(shards.length), input, options));
    return shards;
  } catch (error) {
    for (const { name } of shards) await platform.remove(platform.join(options.folder, name));
    throw error;
  } finally {
    await pieces.return?.();
  }
}

async function writeShard(name: string, input: PieceInput, options: WriteShardsOptions): Promise<WrittenShard> {
  const { folder, signal } = options;
  let written: Omit<WrittenShard, 'name'> | undefined;
  const fill = async (file: WritableFile) => {
    written = await fillShard(file, input, options);
  };
  await platform.writeFileAtomically(platform.join(folder, name), fill, { signal });
  return { name, ...written! };
}

async function fillShard(
  file: WritableFile,
  input: PieceInput,
  { dtype, tokenizer, tokensPerShard, signal }: WriteShardsOptions,
): Promise<Omit<WrittenShard, 'name'>> {
  await file.append(new Uint8Array(HEADER_BYTES));
  const pages = new PageWriter(file);
  const documents: number[] = [];
  let numTokens = 0;
  while (numTokens < tokensPerShard && (await input.hasMore())) {
    signal?.throwIfAborted();
    const { tokenIds, promptLength } = input.take(tokensPerShard - numTokens);
    if (promptLength !== undefined) documents.push(numTokens, promptLength);
    await pages.write(tokenBytes(tokenIds, dtype));
    numTokens += tokenIds.length;
  }
  await pages.write(new Uint8Array(Uint32Array.from(documents).buffer));
  const checksums = await pages.finish();
  await file.append(checksums);
  const counts = { numTokens, numDocuments: documents.length / 2 };
  const { header, sha256 } = await encodeShardHeader({ dtype, tokenizer, ...counts }, checksums);
  await file.overwrite(header, 0);
  return { ...counts, sha256 };
}

function tokenBytes(tokenIds: readonly number[], dtype: TokenDType): Uint8Array {
  const tokens = dtype === 'uint16' ? Uint16Array.from(tokenIds) : Uint32Array.from(tokenIds);
  return new Uint8Array(tokens.buffer);
}

/** Pieces that may be taken in parts. */
class PieceInput {
  readonly #pieces: AsyncIterator<EncodedPiece>;
  #piece: EncodedPiece | undefined;
  #offset = 0;

  constructor(pieces: AsyncIterator<EncodedPiece>) {
    this.#pieces = pieces;
  }

  async hasMore(): Promise<boolean> {
    while (this.#piece === undefined || this.#offset === this.#piece.tokenIds.length) {
      const next = await this.#pieces.next();
      if (next.done) return false;
      this.#piece = next.value;
      this.#offset = 0;
    }
    return true;
  }

  /** At most `count` tokens, and the length of the prompt where a document begins. */
  take(count: number): { readonly tokenIds: readonly number[]; readonly promptLength: number | undefined } {
    const { tokenIds, promptLength, isFirst } = this.#piece!;
    const offset = this.#offset;
    this.#offset = Math.min(offset + count, tokenIds.length);
    return {
      tokenIds: tokenIds.slice(offset, this.#offset),
      promptLength: isFirst && offset === 0 ? promptLength : undefined,
    };
  }
}

/** Collects bytes into pages and checksums. */
class PageWriter {
  readonly #file: WritableFile;
  readonly #checksums: Uint8Array[] = [];
  #page = new Uint8Array(PAGE_BYTES);
  #filled = 0;

  constructor(file: WritableFile) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      const part = bytes.subarray(offset, offset + PAGE_BYTES - this.#filled);
      this.#page.set(part, this.#filled);
      this.#filled += part.length;
      offset += part.length;
      if (this.#filled === PAGE_BYTES) await this.#flush();
    }
  }

  /** The checksums of all pages, one after the other. */
  async finish(): Promise<Uint8Array> {
    if (this.#filled > 0) await this.#flush();
    const all = new Uint8Array(this.#checksums.length * CHECKSUM_BYTES);
    for (const [i, checksum] of this.#checksums.entries()) all.set(checksum, i * CHECKSUM_BYTES);
    return all;
  }

  async #flush(): Promise<void> {
    const page = this.#page.subarray(0, this.#filled);
    this.#checksums.push(await sha256(page));
    await this.#file.append(page);
    this.#filled = 0;
  }
}
