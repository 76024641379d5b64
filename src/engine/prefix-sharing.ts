import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { type PrefixCache, PrefixCursor } from '../kv-cache/prefix-cache.ts';
import { type Job, namespaceOf } from './job.ts';
import type { Sequence } from './sequence.ts';

/** Lets sequences of the engine share what others have computed of the texts that they begin with. */
export class PrefixSharing {
  readonly #prefixes: PrefixCache;

  constructor(prefixes: PrefixCache) {
    this.#prefixes = prefixes;
  }

  /** Gives a sequence that has nothing cached a share in the blocks that hold its first tokens. */
  adopt(job: Job, sequence: Sequence): void {
    if (job.request.useCache === false || sequence.numComputed > 0) return;
    const maxTokens = job.mostShared(sequence);
    const blocks = this.#prefixes.match(sequence.tokens.tokenIds, {
      namespace: namespaceOfTokens(job, sequence),
      maxTokens,
    });
    sequence.cached.adopt(blocks, blocks.length * CACHE_BLOCK_SIZE);
  }

  /** Makes a sequence's newly computed blocks findable. */
  computed(job: Job, sequence: Sequence): void {
    if (job.request.useCache === false) return;
    const { tokens, cached } = sequence;
    // What is computed of a draft may be wrong.
    const numComputed = Math.min(cached.length, tokens.position);
    sequence.cursor ??= new PrefixCursor(namespaceOfTokens(job, sequence));
    this.#prefixes.insert(sequence.cursor, tokens.tokenIds, cached.blockTable, numComputed);
  }
}

/** What is computed of a target depends on its source too. */
function namespaceOfTokens({ request }: Job, { source }: Sequence): string {
  return source?.key ?? namespaceOf(request);
}
