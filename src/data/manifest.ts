import { platform } from '#platform';
import { sha256Hex } from '../base/sha256.ts';
import { TokenShardError } from './shard-format.ts';
import type { DatasetKind } from './text-document.ts';
import { shardName, type WrittenShard } from './write-shards.ts';

const FORMAT = 'kvasir-tokens';
const VERSION = 1;
const NAME = 'manifest.json';

/** What belongs together: a folder of shards, and what they were made of. */
export interface Manifest {
  readonly kind: DatasetKind;
  readonly vocabSize: number;
  readonly tokensPerShard: number;
  /** All that the tokens depend on, as JSON values: sources, tokenizer, marks. Other values mean other tokens. */
  readonly madeOf: unknown;
  readonly shards: readonly WrittenShard[];
}

export function manifestLocation(folder: string): string {
  return platform.join(folder, NAME);
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const content = { format: FORMAT, version: VERSION, ...manifest };
  const text = JSON.stringify({ ...content, sha256: await sha256Hex(JSON.stringify(content)) }, undefined, 2);
  await platform.writeFileAtomically(manifestLocation(folder), (file) =>
    file.append(new TextEncoder().encode(`${text}\n`)),
  );
}

/**
 * The manifest of a folder, or undefined if it has none, and its checksum, which stands for the whole dataset. Throws a
 * `TokenShardError` for one that was not written by `writeManifest`.
 */
export async function readManifest(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly manifest: Manifest; readonly sha256: string } | undefined> {
  const location = manifestLocation(folder);
  const text = await platform.readText(location, options);
  if (text === undefined) return undefined;
  const { sha256, ...content } = parseObject(text, location);
  if (content.format !== FORMAT) throw new TokenShardError(location, 'it is no manifest of a dataset of tokens');
  if (content.version !== VERSION)
    throw new TokenShardError(location, `its version is ${String(content.version)}, wanted ${VERSION}`);
  if (typeof sha256 !== 'string' || sha256 !== (await sha256Hex(JSON.stringify(content))))
    throw new TokenShardError(location, 'it is damaged: its checksum is not that of its content');
  const { format: _format, version: _version, ...manifest } = content;
  requireSound(manifest as unknown as Manifest, location);
  return { manifest: manifest as unknown as Manifest, sha256 };
}

function parseObject(text: string, location: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TokenShardError(location, `it is not valid JSON (${(cause as Error).message})`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TokenShardError(location, 'it is no manifest of a dataset of tokens');
}

/** A checksum guards against damage, not against forgery: shards are files of the folder, and their numbers add up. */
function requireSound(manifest: Manifest, location: string): void {
  const { kind, vocabSize, tokensPerShard, shards } = manifest;
  const isKind = ['text', 'completions', 'pairs'].includes(kind);
  const isSound =
    isKind &&
    isCount(vocabSize, 1) &&
    isCount(tokensPerShard, 1) &&
    Array.isArray(shards) &&
    shards.length > 0 &&
    shards.every((shard: WrittenShard, i) => {
      const isFull = i === shards.length - 1 ? shard.numTokens <= tokensPerShard : shard.numTokens === tokensPerShard;
      return shard.name === shardName(i) && isCount(shard.numTokens, 1) && isFull && isCount(shard.numDocuments, 0);
    });
  if (!isSound) throw new TokenShardError(location, 'its values do not go together');
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
