import { formatShape, isSameShape, numElements, type Shape } from '../base/shape.ts';
import { encodeSafetensorsHeader } from '../formats/encode-safetensors.ts';
import { MAX_HEADER_BYTES, parseSafetensorsHeader, type SafetensorsHeader } from '../formats/safetensors-header.ts';

const FORMAT = 'kvasir-cache';
const VERSION = '1';
const NO_CHECKSUM = '0'.repeat(64);

/** A file of cached keys and values that cannot be used: damaged, of another model, version or kind, or made up. */
export class CacheFileError extends Error {
  override readonly name = 'CacheFileError';

  constructor(problem: string, options?: ErrorOptions) {
    super(`Cannot restore a cache: ${problem}`, options);
  }
}

/** What a cache file is about; a reader takes only what it expects. */
export interface CacheFileSubject {
  readonly kind: 'sequence' | 'prefix-cache';
  /** Tells the model, and all else that its keys and values depend on, from others. */
  readonly fingerprint: string;
}

export interface CacheTensorDescription {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: Shape;
}

export interface CacheFileParts {
  readonly tensors: readonly CacheTensorDescription[];
  readonly texts?: Readonly<Record<string, string>>;
}

/** Tensors of a cache file, by name. */
export type CacheTensors = ReadonlyMap<string, Float32Array | Int32Array>;

/** A cache file that is whole and what was expected. */
export interface CacheFile {
  readonly header: SafetensorsHeader;
  readonly tensors: CacheTensors;
}

/**
 * Makes a cache file: safetensors with a SHA-256 over all of it, which guards against damage, not against forgery. `fill`
 * gets the tensors, zeros in the file's own memory, and gives them their values.
 */
export async function encodeCacheFile(
  { kind, fingerprint }: CacheFileSubject,
  { tensors, texts }: CacheFileParts,
  fill: (tensors: CacheTensors) => Promise<void> | void,
): Promise<Uint8Array<ArrayBuffer>> {
  const metadata = { ...texts, format: FORMAT, version: VERSION, kind, fingerprint };
  const header = encodeSafetensorsHeader(tensors, { ...metadata, sha256: NO_CHECKSUM });
  const file = new Uint8Array(header.length + tensors.reduce((sum, { shape }) => sum + 4 * numElements(shape), 0));
  const views = new Map<string, Float32Array | Int32Array>();
  let offset = header.length;
  for (const { name, dtype, shape } of tensors) {
    views.set(name, elements(dtype, file.buffer, offset, numElements(shape)));
    offset += 4 * numElements(shape);
  }
  await fill(views);
  const sha256 = await checksum(header, file.subarray(header.length));
  file.set(encodeSafetensorsHeader(tensors, { ...metadata, sha256 }));
  return file;
}

/** Opens a cache file. Throws a `CacheFileError` unless it is whole, of this version, and about `expected`. */
export async function decodeCacheFile(bytes: Uint8Array, expected: CacheFileSubject): Promise<CacheFile> {
  const dataStart = 8 + headerLength(bytes);
  const header = parseHeader(bytes.subarray(8, dataStart), bytes.length - dataStart);
  const { metadata } = header;
  if (metadata.get('format') !== FORMAT) throw new CacheFileError('the file is a safetensors file, but not of a cache');
  expectText(metadata, 'version', VERSION);
  expectText(metadata, 'kind', expected.kind);
  expectText(metadata, 'fingerprint', expected.fingerprint);
  const data = bytes.subarray(dataStart);
  if (!isOurs(bytes.subarray(0, dataStart), header) || metadata.get('sha256') !== (await checksumOf(header, data)))
    throw new CacheFileError('the file is damaged: its checksum is not that of its bytes');
  return { header, tensors: tensorsOf(header, data) };
}

/** Throws a `CacheFileError` unless a file has exactly these tensors. */
export function expectTensors({ header }: CacheFile, wanted: readonly CacheTensorDescription[]): void {
  const entries = new Map(header.entries.map((entry) => [entry.name, entry]));
  for (const { name, dtype, shape } of wanted) {
    const entry = entries.get(name);
    if (entry === undefined) throw new CacheFileError(`tensor ${quote(name)} is missing`);
    if (entry.dtype === dtype && isSameShape(entry.shape, shape)) continue;
    const got = `${entry.dtype} of shape ${formatShape(entry.shape)}`;
    throw new CacheFileError(`tensor ${quote(name)} is ${got}, wanted ${dtype} of shape ${formatShape(shape)}`);
  }
  if (entries.size > wanted.length)
    throw new CacheFileError(`the file has ${entries.size} tensors, wanted ${wanted.length}`);
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) throw new CacheFileError(`the file has ${bytes.length} bytes, wanted at least 8`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length <= Math.min(bytes.length - 8, MAX_HEADER_BYTES)) return length;
  throw new CacheFileError(`the file says that its header has ${length} bytes, but it has ${bytes.length}`);
}

function parseHeader(bytes: Uint8Array, dataLength: number): SafetensorsHeader {
  try {
    return parseSafetensorsHeader(bytes, dataLength, 'the cache file');
  } catch (cause) {
    throw new CacheFileError(`the file is damaged: ${(cause as Error).message}`, { cause });
  }
}

function expectText(metadata: ReadonlyMap<string, string>, name: string, wanted: string): void {
  const got = metadata.get(name);
  if (got !== wanted) throw new CacheFileError(`the file has the ${name} ${quote(got)}, wanted ${quote(wanted)}`);
}

/** Whether a header is, byte for byte, what this file would write: no byte escapes the checksum. */
function isOurs(bytes: Uint8Array, header: SafetensorsHeader): boolean {
  const wanted = encodeSafetensorsHeader(header.entries, Object.fromEntries(header.metadata));
  return wanted.length === bytes.length && wanted.every((byte, i) => byte === bytes[i]);
}

function checksumOf({ entries, metadata }: SafetensorsHeader, data: Uint8Array): Promise<string> {
  return checksum(encodeSafetensorsHeader(entries, { ...Object.fromEntries(metadata), sha256: NO_CHECKSUM }), data);
}

/** SHA-256, in hexadecimal, of the header without its checksum, followed by the SHA-256 of the data. */
async function checksum(header: Uint8Array, data: Uint8Array): Promise<string> {
  const all = new Uint8Array(header.length + 32);
  all.set(header);
  all.set(await sha256(data), header.length);
  return Array.from(await sha256(all), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto;
  // Browsers have it in secure contexts only.
  if (subtle === undefined) throw new Error('Cannot check a cache file: this page was not loaded over HTTPS');
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

function tensorsOf({ entries }: SafetensorsHeader, data: Uint8Array): CacheTensors {
  const tensors = new Map<string, Float32Array | Int32Array>();
  for (const { name, dtype, begin, byteLength } of entries) {
    if (dtype !== 'float32' && dtype !== 'int32')
      throw new CacheFileError(`tensor ${quote(name)} is ${dtype}, wanted float32 or int32`);
    const start = data.byteOffset + begin;
    // Bytes of the caller's may lie anywhere in its buffer; elements are aligned.
    const isAligned = start % 4 === 0;
    const buffer = isAligned ? data.buffer : data.slice(begin, begin + byteLength).buffer;
    tensors.set(name, elements(dtype, buffer, isAligned ? start : 0, byteLength / 4));
  }
  return tensors;
}

function elements(dtype: 'float32' | 'int32', buffer: ArrayBufferLike, byteOffset: number, length: number) {
  return dtype === 'float32'
    ? new Float32Array(buffer, byteOffset, length)
    : new Int32Array(buffer, byteOffset, length);
}

/** A text as JSON, cut short: it comes from a file that may be hostile. */
function quote(text: string | undefined): string {
  const json = JSON.stringify(text) ?? 'missing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
