import { platform } from '#platform';
import { openSafetensors } from './safetensors.ts';
import { type TensorEntry, tensorEntry, type WeightSource } from './weight-source.ts';

type Options = { readonly signal?: AbortSignal | undefined };

/**
 * Opens the shards of a model: `index` is the text of `model.safetensors.index.json`, whose `weight_map` names the file
 * of each tensor. Missing shards, and tensors that a shard lacks, are listed in one `Error`.
 */
export async function openShards(folder: string, index: string, options: Options = {}): Promise<WeightSource> {
  const location = platform.join(folder, 'model.safetensors.index.json');
  const weightMap = parseShardIndex(index, location);
  const shards = await openAll(folder, new Set(weightMap.values()), options);
  try {
    requireTensors(weightMap, shards, location);
    return new ShardedSource(folder, weightMap, shards);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

/** The file of each tensor, by the text of an index. Throws a `SyntaxError` for one that names anything but files beside it. */
export function parseShardIndex(text: string, location: string): ReadonlyMap<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${location}: it is not JSON: ${(cause as Error).message}`);
  }
  const weightMap = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap)) {
    throw new SyntaxError(`Cannot read ${location}: it has no "weight_map" object of tensor and file names`);
  }
  const entries = Object.entries(weightMap);
  for (const [name, file] of entries) requireFileName(name, file, location);
  return new Map(entries as [string, string][]);
}

/** An index is distrusted: it may name files of its own folder, nothing else. */
function requireFileName(name: string, file: unknown, location: string): void {
  if (typeof file === 'string' && /^[^/\\:\0]+\.safetensors$/.test(file)) return;
  const got = JSON.stringify(file) ?? 'nothing';
  throw new SyntaxError(
    `Cannot read ${location}: tensor ${JSON.stringify(name)} lies in ${got.slice(0, 200)}, ` +
      'wanted the name of a .safetensors file in the same folder',
  );
}

type Shards = ReadonlyMap<string, WeightSource>;

async function openAll(folder: string, files: ReadonlySet<string>, options: Options): Promise<Shards> {
  const shards = new Map<string, WeightSource>();
  const failures: Error[] = [];
  for (const file of files) {
    try {
      options.signal?.throwIfAborted();
      shards.set(file, await openSafetensors(platform.join(folder, file), options));
    } catch (error) {
      if (options.signal?.aborted) {
        await closeAll(shards);
        throw error;
      }
      failures.push(error as Error);
    }
  }
  if (failures.length === 0) return shards;
  await closeAll(shards);
  if (failures.length === 1) throw failures[0];
  const list = listed(failures.map(({ message }) => message));
  throw new AggregateError(failures, `Cannot open ${failures.length} of ${files.size} shards in ${folder}:${list}`);
}

function requireTensors(weightMap: ReadonlyMap<string, string>, shards: Shards, location: string): void {
  const missing = [...weightMap].filter(([name, file]) => !shards.get(file)!.tensors.has(name));
  if (missing.length === 0) return;
  const list = listed(missing.map(([name, file]) => `${JSON.stringify(name)} in ${file}`));
  throw new Error(`Cannot read ${location}: ${missing.length} of its tensors are not where it says:${list}`);
}

const MAX_LISTED = 20;

function listed(lines: readonly string[]): string {
  const rest = lines.length > MAX_LISTED ? [`… and ${lines.length - MAX_LISTED} more`] : [];
  return [...lines.slice(0, MAX_LISTED), ...rest].map((line) => `\n  ${line}`).join('');
}

async function closeAll(shards: Shards): Promise<void> {
  await Promise.all([...shards.values()].map((shard) => shard.close()));
}

class ShardedSource implements WeightSource {
  readonly location: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #weightMap: ReadonlyMap<string, string>;
  readonly #shards: Shards;

  constructor(folder: string, weightMap: ReadonlyMap<string, string>, shards: Shards) {
    this.location = folder;
    this.#weightMap = weightMap;
    this.#shards = shards;
    this.tensors = new Map([...weightMap].map(([name, file]) => [name, shards.get(file)!.tensors.get(name)!]));
    this.metadata = [...shards.values()][0]?.metadata ?? new Map();
  }

  async read(name: string, target: Uint8Array, byteOffset: number): Promise<void> {
    tensorEntry(this, name);
    await this.#shards.get(this.#weightMap.get(name)!)!.read(name, target, byteOffset);
  }

  close(): Promise<void> {
    return closeAll(this.#shards);
  }
}
