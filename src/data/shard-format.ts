import { sha256Hex } from '../base/sha256.ts';
import { encodeSafetensorsHeader, type TensorDescription } from '../formats/encode-safetensors.ts';
import { parseSafetensorsHeader, type SafetensorsHeader } from '../formats/safetensors-header.ts';

/*
 * A shard is a safetensors file, so that other programs can read it, of three tensors:
 *
 *   tokens     (numTokens)        uint16 or uint32
 *   documents  (numDocuments, 2)  uint32: of each document that begins in the shard, the place of its first token in the
 *                                 shard, and how many of its tokens are prompt or source
 *   checksums  (numPages, 32)     uint8: the SHA-256 of each page of 16 KiB of the bytes of `tokens` and `documents`
 *
 * Its metadata is format, version, the fingerprint of the tokenizer, and `sha256`: the SHA-256 of the header with zeros in
 * that place and of `checksums`. So a page is checked when it is read, and no byte of the file escapes.
 */

const FORMAT = 'kvasir-tokens';
const VERSION = '1';
const NO_CHECKSUM = '0'.repeat(64);

export const PAGE_BYTES = 2 ** 14;
export const CHECKSUM_BYTES = 32;
/** The header has one length, whatever is in it, so that it can be written last. */
export const HEADER_BYTES = 1024;
/** A shard has fewer tokens, so that 32 bits say a place in it. */
export const MAX_SHARD_TOKENS = 2 ** 32;

/** Tokens on disk that cannot be used: damaged, made by another tokenizer or version, or no tokens at all. */
export class TokenShardError extends Error {
  override readonly name = 'TokenShardError';

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`Cannot read ${location}: ${problem}`, options);
  }
}

export type TokenDType = 'uint16' | 'uint32';

/** What a shard's header says, but for its checksum. */
export interface ShardDescription {
  readonly dtype: TokenDType;
  readonly numTokens: number;
  readonly numDocuments: number;
  /** The fingerprint of the tokenizer. */
  readonly tokenizer: string;
}

export const TOKEN_BYTES = { uint16: 2, uint32: 4 } as const satisfies Record<TokenDType, number>;

/** Half the bytes where the vocabulary allows it. */
export function tokenDTypeFor(vocabSize: number): TokenDType {
  return vocabSize <= 2 ** 16 ? 'uint16' : 'uint32';
}

/** Bytes of `tokens` and `documents`, which the pages cover. */
export function numDataBytes({ dtype, numTokens, numDocuments }: Omit<ShardDescription, 'tokenizer'>): number {
  return numTokens * TOKEN_BYTES[dtype] + numDocuments * 8;
}

/** The header of a shard, and the checksum in it, which stands for the whole file. */
export async function encodeShardHeader(
  description: ShardDescription,
  checksums: Uint8Array,
): Promise<{ readonly header: Uint8Array; readonly sha256: string }> {
  const blank = headerWith(description, NO_CHECKSUM);
  const all = new Uint8Array(blank.length + checksums.length);
  all.set(blank);
  all.set(checksums, blank.length);
  const sha256 = await sha256Hex(all);
  return { header: headerWith(description, sha256), sha256 };
}

/** Reads a header whose bytes are distrusted; the caller compares it with what `encodeShardHeader` makes of the answer. */
export function parseShardHeader(header: Uint8Array, fileSize: number, location: string): ShardDescription {
  const { entries, metadata } = parseSafetensors(header, fileSize, location);
  const expectText = (name: string, wanted: string) => {
    const got = metadata.get(name);
    if (got !== wanted) throw new TokenShardError(location, `its ${name} is ${quote(got)}, wanted ${quote(wanted)}`);
  };
  expectText('format', FORMAT);
  expectText('version', VERSION);
  const shapes = new Map(entries.map(({ name, shape }) => [name, shape]));
  const dtype = entries.find(({ name }) => name === 'tokens')?.dtype;
  const [numTokens, numDocuments] = [shapes.get('tokens')?.[0], shapes.get('documents')?.[0]];
  if ((dtype !== 'uint16' && dtype !== 'uint32') || numTokens === undefined || numDocuments === undefined)
    throw new TokenShardError(location, 'it has no tensors of tokens and documents');
  return { dtype, numTokens, numDocuments, tokenizer: metadata.get('tokenizer') ?? '' };
}

function parseSafetensors(header: Uint8Array, fileSize: number, location: string): SafetensorsHeader {
  const length = Number(new DataView(header.buffer, header.byteOffset, 8).getBigUint64(0, true));
  if (length !== HEADER_BYTES - 8)
    throw new TokenShardError(
      location,
      `its header has ${length} bytes, wanted ${HEADER_BYTES - 8} of a shard of tokens`,
    );
  try {
    return parseSafetensorsHeader(header.subarray(8), fileSize - HEADER_BYTES, location);
  } catch (cause) {
    throw new TokenShardError(location, `it is damaged (${(cause as Error).message})`, { cause });
  }
}

function headerWith(description: ShardDescription, sha256: string): Uint8Array {
  const { tokenizer } = description;
  const metadata = { format: FORMAT, version: VERSION, tokenizer, sha256 };
  const header = encodeSafetensorsHeader(tensorsOf(description), metadata);
  // JSON may end with spaces.
  const padded = new Uint8Array(Math.max(HEADER_BYTES, header.length)).fill(0x20);
  padded.set(header);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  return padded;
}

function tensorsOf(description: ShardDescription): readonly TensorDescription[] {
  const { dtype, numTokens, numDocuments } = description;
  const numPages = Math.ceil(numDataBytes(description) / PAGE_BYTES);
  return [
    { name: 'tokens', dtype, shape: [numTokens] },
    { name: 'documents', dtype: 'uint32', shape: [numDocuments, 2] },
    { name: 'checksums', dtype: 'uint8', shape: [numPages, CHECKSUM_BYTES] },
  ];
}

/** A text as JSON, cut short: it comes from a file that may be hostile. */
function quote(text: string | undefined): string {
  const json = JSON.stringify(text) ?? 'missing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
